import postgres from "postgres";
import { ensureRoot, type Root } from "../local/services/root.ts";
import { startTestPostgres } from "../local/services/postgres.ts";
import { type Stack, startStack } from "../local/stack.ts";

/** A real Postgres 17 with the project's migrations, for one benchmark. */
export interface BenchDatabase {
  root: Root;
  /** As the superuser. */
  url: string;
  stack: Stack;
  /** Runs statements as the superuser. */
  execute: (
    sql: string,
  ) => Promise<postgres.RowList<postgres.Row[]>[] | postgres.RowList<postgres.Row[]>>;
  stop(): Promise<void>;
}

/** Ends one after the other. What does not end is told and left: a table that was made must not be lost for it. */
export async function endEach(ends: (() => Promise<unknown>)[]): Promise<void> {
  for (const end of ends) {
    try {
      await end();
    } catch (error) {
      console.error("bench: left behind:", error);
    }
  }
}

/** Starts an empty cluster of its own and a stack on it, so that nothing but the benchmark runs there. */
export async function startBenchDatabase(
  options: { redis: "auto" | "none" },
): Promise<BenchDatabase> {
  const root = await ensureRoot(console.error);
  const server = await startTestPostgres();
  try {
    const stack = await startStack({
      dbUrl: server.adminUrl,
      stateDir: null,
      apiPort: 0,
      seed: true,
      redis: options.redis,
    });
    const sql = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
    return {
      root,
      url: server.adminUrl,
      stack,
      execute: (statement) => sql.unsafe(statement).simple(),
      stop: () => endEach([() => sql.end(), () => stack.stop(), () => server.remove()]),
    };
  } catch (error) {
    await server.remove();
    throw error;
  }
}
