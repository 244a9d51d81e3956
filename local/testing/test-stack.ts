import type { DatabaseKind, RedisKind } from "./arguments.ts";
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
  /** What the functions are to know besides. */
  functionEnv?: Record<string, string>;
}): Promise<Stack> {
  return startStack({
    dbUrl: options.server?.adminUrl,
    poolerUrl: options.poolerUrl,
    stateDir: null,
    apiPort: 0,
    dbPort: 0,
    redis: options.redis === "redis" ? "auto" : "none",
    // Longer than a run: where retirement is not the subject, booting again costs a quarter of a second each.
    wallClock: 3600,
    functionEnv: {
      GROUNDWORK_LOG_REQUESTS: "failed", // thousands of lines of requests that went well are of no use here
      GROUNDWORK_REDIS_PATIENCE: "5000", // a busy machine's Redis is late, and not away
      ...options.functionEnv,
    },
    log: options.log,
  });
}

/** What test files know about the stack that they test. */
export function testEnvironment(
  stack: Stack,
  server: PostgresServer | null,
  database: DatabaseKind,
  redis: RedisKind,
): Record<string, string> {
  return {
    ...stack.functionEnv,
    SUPABASE_URL: stack.apiUrl,
    SUPABASE_DB_URL: stack.dbUrl,
    SUPABASE_PUBLISHABLE_KEY: stack.publishableKey,
    SUPABASE_SECRET_KEY: stack.secretKey,
    GROUNDWORK_TEST_SIGNING_KEY: JSON.stringify(stack.signingKey),
    GROUNDWORK_TEST_DATABASE: database,
    GROUNDWORK_TEST_REDIS: redis,
    ...(server ? { GROUNDWORK_TEST_ADMIN_URL: server.adminUrl } : {}),
  };
}
