/** lite's connection, corrected so that the Data API sees, relates, writes and waits as PostgREST does. */
import { AsyncLocalStorage } from "node:async_hooks";
import { createPostgresConnection } from "@supabase/lite/postgres";
import type postgres from "postgres";
import { correctDatabaseError, isAnsweredProperly } from "../errors.ts";
import { expectError } from "../quiet.ts";
import { chooseRelationships } from "./relationships.ts";
import { exposedPart, type Introspection, type LiteConnection } from "./schema.ts";
import { fillRows, types, writeValues } from "./values.ts";

/** Of one request of the Data API: the picture of the database that lite keeps asking for. */
interface RequestScope {
  request: Request;
  schema?: Introspection;
}

const requests = new AsyncLocalStorage<RequestScope>();

/** The schemas that the Data API serves. */
export const exposedSchemas = ["public"];

/** Runs what answers a request of the Data API. Outside of it lite's Auth and Storage see the whole database. */
export function asDataApi<T>(request: Request, answer: () => Promise<T>): Promise<T> {
  return requests.run({ request }, answer);
}

/** Opens the connection. */
export function openConnection(
  url: string,
  connections: number,
  settings: RoleSettings,
): LiteConnection {
  const open = (onclose?: () => void) =>
    createPostgresConnection({
      url,
      postgresOptions: { max: connections, max_lifetime: null, onnotice: () => {}, onclose, types },
    });
  const connection = open();
  outliveServer(connection, (onclose) => driverOf(open(onclose)));
  keepGrants(connection);
  connection.normalizeDbError = (error) => {
    const corrected = correctDatabaseError(error);
    return isAnsweredProperly(error) ? expectError(corrected) : corrected;
  };
  seeExposedSchemas(connection);
  correctQueries(connection);
  applyRequest(connection, settings);
  takeBack(connection);
  return connection;
}

/**
 * Correction 2: on its first request lite grants everything on every table to the API roles, now and by default. Saying
 * that the request roles are ready keeps the grants as the migrations made them.
 */
export function keepGrants(connection: LiteConnection): void {
  Object.assign(connection, { ensureRlsContext: () => Promise.resolve(true) });
}

const driverOf = (connection: LiteConnection) =>
  (connection as unknown as { driver: postgres.Sql }).driver;

/**
 * Correction 13: who holds a connection of postgres.js that is lost waits for ever, or takes it from who holds it next.
 * So a client that lost one is given up: who holds any of its connections is refused, and others get a new client.
 */
function outliveServer(
  connection: LiteConnection,
  open: (onclose: () => void) => postgres.Sql,
): void {
  const begin = () => {
    const end = new AbortController();
    const sql = open(() => {
      if (end.signal.aborted) return;
      end.abort(
        Object.assign(new Error("The connection was lost."), { code: "CONNECTION_CLOSED" }),
      );
      if (current.sql === sql) current = begin();
      sql.end({ timeout: 1 }).catch(() => {}); // it is lost already
    });
    return { sql, lost: end.signal };
  };
  let current = begin();
  const reserve = async () => {
    const { sql, lost } = current;
    const { promise: isLost, reject } = Promise.withResolvers<never>();
    isLost.catch(() => {}); // heard by whoever waits for an answer then
    const hear = () => reject(lost.reason);
    lost.addEventListener("abort", hear);
    const held = await Promise.race([sql.reserve(), isLost]);
    return {
      unsafe: (text: string, ...values: unknown[]) =>
        lost.aborted
          ? isLost
          : Promise.race([held.unsafe(writeDefaults(text), ...values as []), isLost]),
      release() {
        lost.removeEventListener("abort", hear);
        if (!lost.aborted) held.release();
      },
    };
  };
  Object.assign(driverOf(connection), { reserve });
  const close = connection.close.bind(connection);
  connection.close = async () => void await Promise.all([close(), current.sql.end()]);
}

/** Correction 14: a row that names no column is one of defaults. lite writes a list of no columns, which is no SQL. */
const writeDefaults = (text: string) =>
  text.replace(/^(insert into (?:"[^"]+"\.)?"[^"]+") \(\) values \(\)/, "$1 default values");

function seeExposedSchemas(connection: LiteConnection): void {
  const introspect = connection.introspect.bind(connection);
  const parts = new WeakMap<Introspection, Introspection>();
  connection.introspect = async (options) => {
    const scope = requests.getStore();
    if (scope?.schema) return scope.schema;
    const whole = await introspect(options);
    if (!scope) return whole;
    const part = parts.get(whole) ?? exposedPart(whole, exposedSchemas);
    parts.set(whole, part);
    // A copy: which relationships there are is for each request to say.
    return scope.schema = { ...part };
  };
}

function correctQueries(connection: LiteConnection): void {
  const check = connection.onPostgrestAST.bind(connection);
  connection.onPostgrestAST = async (query, ...rest) => {
    const { schema, request } = requests.getStore() ?? {};
    const checked = await check(query, ...rest);
    if (!schema) return checked;
    Object.assign(schema, { foreign_keys: chooseRelationships(checked as never, schema) });
    writeValues(checked as never, schema, connection);
    if (request) fillRows(checked as never, request);
    return checked;
  };
}

/** Who asks, as lite says it. */
interface Caller {
  auth?: { role?: string; uid?: string | null; jwt?: Record<string, unknown> | null };
}

/** What lite hands on as its transaction. */
interface Transaction {
  executeQuery(
    query: { sql: string; parameters: string[]; query: { kind: "RawNode" } },
  ): Promise<unknown>;
}

/**
 * Correction 8: before a request PostgREST says in settings who asks and what for, and takes over what is set for the
 * role (statement timeouts). lite says less, in five statements.
 */
function applyRequest(connection: LiteConnection, settings: RoleSettings): void {
  const lite = connection as unknown as {
    applyJwtSessionContext(db: Transaction, caller: Caller, isOwnRole: boolean): Promise<void>;
  };
  const applyAsLite = lite.applyJwtSessionContext.bind(connection);
  lite.applyJwtSessionContext = async (db, caller, isOwnRole) => {
    const { request } = requests.getStore() ?? {};
    if (!request) return await applyAsLite(db, caller, isOwnRole);
    const role = caller.auth?.role ?? "anon";
    const claims = caller.auth?.jwt ?? { role };
    const said: [string, string][] = [
      ["role", role],
      ["request.jwt.claims", JSON.stringify(claims)],
      ["request.jwt.claim.sub", caller.auth?.uid ?? ""],
      ["request.jwt.claim.role", role],
      ["request.method", request.method],
      ["request.headers", JSON.stringify(Object.fromEntries(request.headers))],
      ["request.path", new URL(request.url).pathname.slice("/rest/v1".length)],
      ["request.headers", JSON.stringify(Object.fromEntries(request.headers))],
      ...settings().get(role) ?? [],
    ];
    const calls = said.map((_, i) => `set_config($${2 * i + 1}, $${2 * i + 2}, true)`);
    const sql = `select ${calls.join(", ")}`;
    await db.executeQuery({ sql, parameters: said.flat(), query: { kind: "RawNode" } });
  };
}

/**
 * Correction 10: what a request with `Prefer: tx=rollback` has written is taken back when it is answered (`rollback()`
 * of supabase-js). lite reads the preference and commits.
 */
function takeBack(connection: LiteConnection): void {
  const withContext = connection.withContext.bind(connection);
  connection.withContext = (caller, work, options) => {
    const prefer = requests.getStore()?.request.headers.get("prefer") ?? "";
    const isUndone = prefer.split(",").some((one) => one.trim() === "tx=rollback");
    return withContext(caller, work, isUndone ? { ...options, forceRollback: true } : options);
  };
}

/** What is set for each role (`alter role … set …`), as pairs of name and value. */
export type RoleSettings = () => ReadonlyMap<string, [string, string][]>;

/** Reads what is set for the roles of the API. */
export async function readRoleSettings(
  sql: postgres.Sql,
): Promise<Map<string, [string, string][]>> {
  const rows = await sql<{ role: string; setting: string }[]>`
    select r.rolname as role, unnest(s.setconfig) as setting
    from pg_catalog.pg_db_role_setting as s join pg_catalog.pg_roles as r on r.oid = s.setrole
    where r.rolname in ('anon', 'authenticated', 'service_role') and s.setdatabase in (0, (
      select oid from pg_catalog.pg_database where datname = current_database()
    ))`;
  const settings = new Map<string, [string, string][]>();
  for (const { role, setting } of rows) {
    const at = setting.indexOf("=");
    const pairs = settings.get(role) ?? [];
    settings.set(role, [...pairs, [setting.slice(0, at), setting.slice(at + 1)]]);
  }
  return settings;
}
