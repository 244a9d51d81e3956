import type { PostgresServer } from "../services/postgres.ts";
import { type Stack, startStack } from "../stack.ts";

/** Starts a stack for tests: free ports, seeded, and nothing kept anywhere when it ends. */
export function startTestStack(options: {
  /** A real Postgres 17; absent or null: PGlite in memory. */
  server?: PostgresServer | null;
  /** A pooler before that server, which the functions then use, as they do when deployed. */
  poolerUrl?: string;
  redis: "redis" | "none";
  log?: (line: string) => void;
}): Promise<Stack> {
  return startStack({
    dbUrl: options.server?.adminUrl,
    poolerUrl: options.poolerUrl,
    stateDir: null,
    apiPort: 0,
    dbPort: 0,
    redis: options.redis === "redis" ? "auto" : "none",
    log: options.log,
  });
}
