/**
 * The whole backend in one process, without Docker: database, Data API, Auth, Storage, Realtime, functions, Redis,
 * scheduled jobs.
 *
 * @example
 * const stack = await startStack({ stateDir: null, apiPort: 0, dbPort: 0 });
 * const client = createClient(stack.apiUrl, stack.publishableKey);
 * await stack.stop();
 */
import { startApi } from "./api/api.ts";
import { startAuth } from "./auth/auth.ts";
import { readAuthSettings } from "./auth/settings.ts";
import { bootstrap, setVaultSecrets } from "./database/bootstrap.ts";
import { connect } from "./database/connect.ts";
import {
  applyMigrations,
  applySeed,
  describeChanged,
  migrationScript,
} from "./database/migrate.ts";
import { type RunningDatabase, startPglite } from "./database/pglite.ts";
import { useServer } from "./database/server.ts";
import { startEchoAgent } from "./echo-agent.ts";
import { prepareFunctions } from "./edge/edge.ts";
import { type Gateway, openGateway, type Route } from "./gateway/gateway.ts";
import { type Keys, loadKeys, makeJwks } from "./keys.ts";
import { type RedisOption, type StackRedis, startStackRedis } from "./redis/redis.ts";
import { type RealtimeOptions, startRealtime } from "./realtime/server.ts";
import { openState, projectRoot, readFunctionSecrets, type State } from "./state.ts";
import { createTokens } from "./tokens.ts";
import { startCronWorker } from "./workers/cron.ts";
import { startHttpWorker } from "./workers/http.ts";

/** How to start. Everything has a default. */
export interface StackOptions {
  /** Admin URL of a real Postgres 17. Absent: the embedded one. */
  dbUrl?: string | undefined;
  /** A transaction-mode pooler in front of `dbUrl`, for the functions. */
  poolerUrl?: string | undefined;
  /** Where the state is kept, default `.local`; null: in memory and in temporary files. */
  stateDir?: string | null | undefined;
  /** Default 54321; 0: any free port. */
  apiPort?: number | undefined;
  /** Of the embedded database; default 54322; 0: any free port. */
  dbPort?: number | undefined;
  /** "auto": an own server when one is installed; "none"; or a running one. */
  redis?: RedisOption | undefined;
  /** Whether a sign-up waits until its address is confirmed, as hosted. Default false: one may begin at once. */
  confirmEmails?: boolean | undefined;
  /** Whether to apply supabase/seed.sql. Default true. */
  seed?: boolean | undefined;
  /** Hears a line of progress per step. */
  log?: ((line: string) => void) | undefined;
  /** The project: the folder that has `supabase/`. Default: this one. */
  root?: string | undefined;
  /** More environment for the functions; comes before what supabase/functions/.env and the stack say. */
  functionEnv?: Record<string, string> | undefined;
  /** Other limits of Realtime than the platform's free plan has, and whether public channels are refused. */
  realtime?: Pick<RealtimeOptions, "limits" | "isPrivateOnly"> | undefined;
  /**
   * Seconds that an isolate of the functions lives at most. Default: as on the platform's free plan, the shorter one.
   */
  wallClock?: number | undefined;
  /** What else answers below the API's URL; comes before what the stack has itself. */
  routes?: Route[] | undefined;
}

/** Seconds that the platform's free plan lets an isolate live. */
const freePlan = 150;

/** A running stack. */
export interface Stack {
  apiUrl: string;
  /** As the project's `postgres` role. */
  dbUrl: string;
  poolerUrl?: string;
  /** Where mails can be read: a page, and JSON with `.json` appended. */
  inboxUrl: string;
  publishableKey: string;
  secretKey: string;
  /** Signs people's tokens; tests make some of their own with it. */
  signingKey: Keys["signingKey"];
  redis: StackRedis | null;
  /** Exactly what the functions see. */
  functionEnv: Record<string, string>;
  stop(): Promise<void>;
}

/** Starts the stack; resolves when it answers. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const log = options.log ?? (() => {});
  const root = options.root ?? projectRoot;
  let gateway: Gateway | undefined;
  // Undone in reverse order, also when a step fails; the front door closes first.
  const undo: (() => Promise<void>)[] = [];
  const stop = async () => {
    await gateway?.stop();
    gateway = undefined;
    for (let step = undo.pop(); step; step = undo.pop()) await step();
  };
  try {
    gateway = await openGateway(options.apiPort ?? 54321);
    const state = await openState(
      options.stateDir === undefined ? ".local" : options.stateDir,
      root,
    );
    undo.push(state.close);
    const folder = `${root}/supabase/functions`;
    const platformCache = `${state.cacheDir}/platform`;
    await Deno.mkdir(platformCache, { recursive: true });
    // While the database is made.
    const prepared = prepareFunctions(folder, platformCache);
    prepared.catch(() => {}); // heard of where it is awaited
    const wallClock = options.wallClock ?? freePlan;
    const keys = await loadKeys(`${state.folder}/keys.json`);
    const apiUrl = `http://127.0.0.1:${gateway.port}`;
    const tokens = createTokens(keys, apiUrl);

    const database = await startDatabase(options, root, state, log);
    undo.push(database.stop);
    const sql = connect(database.adminUrl, { max: options.dbUrl ? 4 : 2 });
    undo.push(() => sql.end({ timeout: 5 }));
    await bootstrap(sql);
    // Between migrations and seed: what the seed changes calls functions, and a call without an address is given up.
    const configure = () =>
      setVaultSecrets(sql, {
        groundwork_functions_url: `${apiUrl}/functions/v1`,
        groundwork_secret_key: keys.secretKey,
      });
    await migrate(database.url, root, configure, options.seed ?? true, log);

    const redis = await startStackRedis(options.redis ?? "auto", keys.redisToken, log);
    if (redis) undo.push(redis.stop);
    const echoAgent = startEchoAgent();
    undo.push(echoAgent.stop);
    const auth = startAuth({
      adminUrl: database.adminUrl,
      connections: options.dbUrl ? 4 : 1,
      keys,
      tokens,
      settings: await readAuthSettings(root, options.confirmEmails ?? false),
      apiUrl,
      log,
    });
    undo.push(auth.stop);
    const api = await startApi({
      adminUrl: database.adminUrl,
      keys,
      tokens,
      apiUrl,
      storageDir: `${state.folder}/storage`,
      connections: options.dbUrl ? 10 : 2,
    });
    undo.push(api.stop);
    const realtime = await startRealtime({
      ...options.realtime,
      adminUrl: database.adminUrl,
      keys,
      verifyToken: tokens.verify,
      connections: options.dbUrl ? 5 : 1,
      log,
    });
    undo.push(realtime.stop);
    const functionEnv: Record<string, string> = {
      GROUNDWORK_DB_POOL: "8", // nobody else is here to share the connections with
      ...options.functionEnv,
      ...await readFunctionSecrets(root),
      SUPABASE_URL: apiUrl,
      SUPABASE_DB_URL: database.url,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishableKey }),
      SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secretKey }),
      // What they were called before, as the platform still sets them.
      SUPABASE_ANON_KEY: keys.publishableKey,
      SUPABASE_SERVICE_ROLE_KEY: keys.secretKey,
      SUPABASE_JWKS: JSON.stringify(makeJwks(keys)),
      // As the platform's CLI prints a key.
      GROUNDWORK_SIGNING_KEY: JSON.stringify({
        ...keys.signingKey,
        use: "sig",
        key_ops: ["sign", "verify"],
        ext: true,
      }),
      GROUNDWORK_WALL_CLOCK: String(wallClock),
      GROUNDWORK_CLUSTER_GATEWAY: echoAgent.url,
      ...(options.poolerUrl ? { GROUNDWORK_DB_URL: options.poolerUrl } : {}),
      ...(redis
        ? { UPSTASH_REDIS_REST_URL: redis.restUrl, UPSTASH_REDIS_REST_TOKEN: redis.restToken }
        : {}),
    };
    const problem = await prepared;
    if (problem) log(`Functions: what they import could not be fetched:\n${problem}`);
    const names = await gateway.serve([
      ...(options.routes ?? []),
      { prefix: "/realtime/v1", origin: realtime.origin },
      ...["/rest/v1", "/storage/v1"].map((prefix) => ({ prefix, origin: api.origin })),
      { prefix: "/auth/v1", origin: auth.origin },
      // Without CORS: a page from elsewhere must not read what signs people in.
      ...["/inbox", "/inbox.json"].map((prefix) => ({
        prefix,
        origin: auth.origin,
        ownCors: true,
      })),
    ], { folder, env: functionEnv, cacheDir: platformCache, wallClock });
    log(`Functions: ${names.join(", ") || "none yet"}`);

    const report = (error: unknown) =>
      log(`A worker failed: ${error instanceof Error ? error.message : error}`);
    const http = await startHttpWorker(sql, report);
    undo.push(http.stop);
    if (!options.dbUrl) {
      const cron = await startCronWorker(sql, report);
      undo.push(cron.stop);
    }
    return {
      apiUrl,
      dbUrl: database.url,
      ...(options.poolerUrl ? { poolerUrl: options.poolerUrl } : {}),
      inboxUrl: `${apiUrl}/inbox`,
      publishableKey: keys.publishableKey,
      secretKey: keys.secretKey,
      signingKey: keys.signingKey,
      redis,
      functionEnv,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startDatabase(
  options: StackOptions,
  root: string,
  state: State,
  log: (line: string) => void,
): Promise<RunningDatabase> {
  if (options.dbUrl) return useServer(options.dbUrl, log);
  const database = await startPglite({
    dataDir: state.isPersistent ? `${state.folder}/database` : null,
    cacheDir: state.cacheDir,
    // Of this project alone: a copy for each of the tests' tiny ones would only fill the cache.
    migrations: root === projectRoot
      ? await migrationScript(`${root}/supabase/migrations`)
      : undefined,
    port: options.dbPort ?? 54322,
    onEnded: log,
    onCrash: (reason) =>
      log(`The embedded database broke: ${reason}. Stop the stack and start it again.`),
  });
  log(`Database: embedded Postgres (PGlite) on ${new URL(database.url).host}`);
  return database;
}

async function migrate(
  url: string,
  root: string,
  configure: () => Promise<void>,
  withSeed: boolean,
  log: (line: string) => void,
): Promise<void> {
  const sql = connect(url);
  try {
    const { applied, changed } = await applyMigrations(sql, `${root}/supabase/migrations`);
    log(`Migrations: ${applied.length > 0 ? `${applied.length} applied` : "up to date"}`);
    if (changed.length > 0) log(describeChanged(changed));
    await configure();
    if (!withSeed) return;
    const seed = await applySeed(sql, root, "supabase/seed.sql");
    if (seed === "applied") log("Seed: applied");
    if (seed === "changed") {
      log("Seed: supabase/seed.sql has changed since it was applied; --reset begins anew with it");
    }
  } finally {
    await sql.end();
  }
}
