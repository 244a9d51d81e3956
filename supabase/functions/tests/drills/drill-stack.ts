/** A stack of a drill's own, which it may harm, on the kind of database that the run is about. */
import { startTestPgBouncer } from "../../../../local/services/pgbouncer.ts";
import { startTestPostgres } from "../../../../local/services/postgres.ts";
import { type Stack, type StackOptions, startStack } from "../../../../local/stack.ts";

/** Starts one, on free ports and with nothing kept; `isPooled` puts a pooler before a real database. */
export async function startDrillStack(
  { isPooled = false, ...options }:
    & Pick<StackOptions, "redis" | "seed" | "functionEnv" | "wallClock">
    & {
      isPooled?: boolean;
    },
): Promise<Stack & AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const isReal = Deno.env.get("GROUNDWORK_TEST_DATABASE") === "real";
  const server = isReal ? await startTestPostgres() : null;
  if (server) started.defer(() => server.remove());
  const pooler = server && isPooled ? await startTestPgBouncer(server.port) : null;
  if (pooler) started.defer(() => pooler.remove());
  const stack = await startStack({
    ...options,
    functionEnv: { GROUNDWORK_LOG_REQUESTS: "failed", ...options.functionEnv },
    dbUrl: server?.adminUrl,
    poolerUrl: pooler?.url,
    stateDir: null,
    apiPort: 0,
    dbPort: 0,
  });
  started.defer(() => stack.stop());
  const ends = started.move();
  return { ...stack, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}
