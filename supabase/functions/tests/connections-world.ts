/**
 * What the tests of connections share: an isolate that may reach loopback, a person's way through a provider, and ears.
 */
import type postgres from "postgres";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { app } from "../connections/index.ts";
import { marker, type Provider } from "./oauth-server.ts";
import {
  type Answered,
  connect,
  createWorld,
  type Isolate,
  type Said,
  type Someone,
  startIsolate,
} from "./world.ts";

const heard: string[] = [];

/** Keeps every line that is logged from now on. */
function listenToLogs(): void {
  for (const level of ["log", "info", "warn", "error"] as const) {
    console[level] = (...parts: unknown[]) => void heard.push(parts.map(String).join(" "));
  }
}

/**
 * Lets the stack's own job run, or rest: the stack allows no providers on loopback, and would put our connections off.
 */
export async function letJobRun(sql: postgres.Sql, active: boolean): Promise<void> {
  await sql`update cron.job set active = ${active} where jobname = 'refresh-connections'`;
}

/** An isolate whose providers may be on loopback. */
export function startOpenIsolate(changes: Parameters<typeof startIsolate>[0] = {}): Isolate {
  return startIsolate({
    allowPrivateProviders: true,
    returnOrigins: ["https://app.example"],
    ...changes,
  });
}

/** A world, and two isolates whose providers may be on loopback, until the file's tests have ended. */
export async function beginConnections() {
  const sql = connect();
  const world = await createWorld(sql);
  const [isolate, other] = [startOpenIsolate(), startOpenIsolate()];
  listenToLogs();
  await letJobRun(sql, false);
  Deno.test.afterAll(async () => {
    await isolate[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
    await letJobRun(sql, true);
    await sql.end();
  });
  /** A connection as it stands, if it does. */
  async function rowOf(id: string) {
    const [row] = await sql`
      select *, to_jsonb(scopes) as scopes from public.service_connections where id = ${id}`;
    return row;
  }

  /** What the vault keeps of it. */
  async function secretsOf(id: string): Promise<string[]> {
    const rows = await sql<{ secret: string }[]>`
      select decrypted_secret as secret from vault.decrypted_secrets
      where description like ${`%${id}`} order by description`;
    return rows.map(({ secret }) => secret);
  }

  return { sql, world, isolate, other, rowOf, secretsOf };
}

/** Asks an isolate; what is answered must hold no secret, except where a token is asked for. */
export async function askConnections(
  isolate: Isolate,
  method: string,
  path: string,
  said: Said = {},
): Promise<Answered> {
  const answered = await isolate.ask(app, method, `/connections${path}`, said);
  const whole = JSON.stringify([answered.body, [...answered.headers]]);
  assert(/\/token\?/.test(path) || !whole.includes(marker), `${method} ${path} told a secret`);
  return answered;
}

/** To the provider and as far as its redirect back to us: the query of the callback. */
export async function visitProvider(
  isolate: Isolate,
  provider: Provider,
  person: Someone,
  workspace: string,
  more = "",
): Promise<URLSearchParams> {
  const path = `/${provider.name}/authorize?workspace=${workspace}${more}`;
  const begun = await askConnections(isolate, "GET", path, { as: person });
  assertEquals(begun.status, 200, JSON.stringify(begun.body));
  const sent = await fetch(begun.body.url, { redirect: "manual" });
  await sent.body?.cancel();
  const back = new URL(sent.headers.get("location") ?? "");
  assert(back.href.startsWith(`${isolate.services.environment.url}/functions/v1/connections/`));
  assert(back.pathname.endsWith("/connections/callback"));
  return back.searchParams;
}

/** The whole way. Answers the connection's id. */
export async function connectAccount(
  isolate: Isolate,
  provider: Provider,
  person: Someone,
  workspace: string,
): Promise<string> {
  const back = await visitProvider(isolate, provider, person, workspace);
  const { status, body } = await askConnections(isolate, "GET", `/callback?${back}`);
  assertDeepEquals([status, body.status], [200, "active"], JSON.stringify(body));
  return body.connection_id;
}

/** Nothing that a provider gave is in any table but the vault's, nor in any line of the log. */
export async function assertNothingLeaked(sql: postgres.Sql<{ bigint: number }>): Promise<void> {
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'vault', 'pg_toast')`;
  assert(tables.some(({ name }) => name === "public.service_connections"));
  for (const { name } of tables) {
    const [row] = await sql.unsafe<{ n: number }[]>(
      `select count(*)::integer as n from ${name} as whole where position('${marker}' in whole::text) > 0`,
    );
    assertEquals(row?.n, 0, `${name} holds a secret`);
  }
  const [kept] = await sql`
    select count(*)::integer as n from vault.decrypted_secrets where position(${marker} in decrypted_secret) > 0`;
  assert(kept?.n > 0, "the scan would find it where it is");
  assertDeepEquals(heard.filter((line) => line.includes(marker)), []);
}

/** Lines that were logged. */
export function loggedLines(): readonly string[] {
  return heard;
}
