/** A primary with the project's migrations and seed, a replica that follows it, and isolates that know both. */
import postgres from "postgres";
import { parseEnvironment } from "../../../../supabase/functions/_shared/environment.ts";
import { type App, serve } from "../../../../supabase/functions/_shared/http/app.ts";
import {
  closeServices,
  createServices,
  type Services,
} from "../../../../supabase/functions/_shared/services.ts";
import { startStack } from "../../../stack.ts";
import { onLostConnection } from "../../../database/lost-connections.ts";
import { temporaryName } from "../../leftovers.ts";
import { type PostgresServer, startReplica, startTestPostgres } from "../../postgres.ts";
import { waitUntil } from "../../processes.ts";

/** People and places of supabase/seed.sql. */
export const ACME = "00000000-0000-4000-b000-000000000001";
export const JUAN = "00000000-0000-4000-a000-000000000003";

/** An answer whose JSON has been read. */
export interface Answered {
  status: number;
  position: string | null;
  source: string | null;
  // deno-lint-ignore no-explicit-any -- drills look into bodies of every shape
  body: any;
}

/** An isolate of the drill's own. */
export interface Isolate extends AsyncDisposable {
  services: Services;
  /** Asks a route as a person, or as `service`. */
  ask(
    app: App,
    method: string,
    path: string,
    said?: { as?: string; body?: unknown; consistency?: string },
  ): Promise<Answered>;
}

/** The pair, and all that it takes to harm it. */
export interface Pair extends AsyncDisposable {
  primary: PostgresServer;
  replica: PostgresServer;
  /** The replica's name in `synchronous_standby_names`. */
  name: string;
  /** As the superuser of each; the first connects anew where the server was restarted. */
  onPrimary: postgres.Sql;
  onReplica: postgres.Sql;
  /** Isolates of functions whose primary and replicas are these; by default the pair's. */
  startIsolate(primary?: PostgresServer, replicas?: PostgresServer[]): Isolate;
  /** Sets how late the replica applies what is committed, e.g. `20ms`. */
  delay(by: string): Promise<void>;
}

/** Milliseconds after which what a drill waits for will never come. */
const patience = 20_000;

onLostConnection(() => {}); // servers are killed here: whoever asks is refused, and that is enough

const connect = (server: PostgresServer) =>
  postgres(server.adminUrl, { max: 2, onnotice: () => {}, idle_timeout: 1, connect_timeout: 5 });

/** Starts both. */
export async function startPair(): Promise<Pair> {
  await using started = new AsyncDisposableStack();
  const primary = await startTestPostgres();
  started.defer(() => primary.remove());
  const stack = await startStack({
    dbUrl: primary.adminUrl,
    stateDir: null,
    apiPort: 0,
    redis: "none",
  });
  await stack.stop();
  const name = temporaryName();
  const replica = await startReplica({ of: primary, name });
  started.defer(() => replica.remove());
  const onPrimary = connect(primary);
  const onReplica = connect(replica);
  started.defer(async () => {
    await Promise.all([onPrimary.end({ timeout: 1 }), onReplica.end({ timeout: 1 })]);
  });

  const asFunctions = ({ adminUrl }: PostgresServer) => {
    const url = new URL(adminUrl);
    url.username = "postgres";
    return url.href;
  };
  const ends = started.move();
  return {
    primary,
    replica,
    name,
    onPrimary,
    onReplica,
    startIsolate(first = primary, replicas = [replica]) {
      const own: Record<string, string> = {
        ...stack.functionEnv,
        GROUNDWORK_DB_POOL: "16",
        GROUNDWORK_LOG_REQUESTS: "failed",
        SUPABASE_DB_URL: asFunctions(first),
        GROUNDWORK_REPLICA_URLS: replicas.map(asFunctions).join(","),
        GROUNDWORK_RATE_LIMITS: '{"read":1000000,"write":1000000,"fresh":1000000,"check":1000000}',
      };
      return startIsolate(createServices(parseEnvironment((variable) => own[variable])));
    },
    async delay(by) {
      await onReplica.unsafe(`alter system set recovery_min_apply_delay = '${by}'`);
      await onReplica`select pg_reload_conf()`;
    },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

function startIsolate(services: Services): Isolate {
  return {
    services,
    async ask(app, method, path, { as = JUAN, body, consistency } = {}) {
      const caller = as === "service"
        ? { kind: "service" as const }
        : { kind: "person" as const, userId: as, expiresAt: Infinity };
      // Who asks is known; what they may is the subject.
      const authenticator: Services["authenticator"] = {
        recall: () => caller.kind === "service" ? undefined : caller,
        identify: () => Promise.resolve(caller),
        verifyToken: () => Promise.reject(new Error("no token is verified here")),
      };
      const request = new Request(`http://functions.internal${path}`, {
        method,
        headers: {
          authorization: "Bearer -",
          "content-type": "application/json",
          ...(consistency ? { "x-consistency": consistency } : {}),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const response = await serve(app, () => ({ ...services, authenticator })).fetch(request);
      return {
        status: response.status,
        position: response.headers.get("x-position"),
        source: response.headers.get("x-answered-from"),
        body: await response.json(),
      };
    },
    [Symbol.asyncDispose]: () => closeServices(services),
  };
}

/** Asks until a replica answers: it has to prove itself first. */
export async function untilReplicaAnswers(ask: () => Promise<Answered>): Promise<void> {
  await waitUntil("a replica answers", async () => (await ask()).source === "replica", patience);
}
