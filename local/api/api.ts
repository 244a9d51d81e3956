/** Data API, Auth and Storage: @supabase/lite, embedded and corrected where it differs from the platform. */
import { App, setExperimental } from "@supabase/lite";
import postgres from "postgres";
import { type Keys, makeJwks } from "../keys.ts";
import type { Tokens } from "../tokens.ts";
import { isAnonymousSignUp, signUpAnonymously, tokenLifetime } from "./anonymous.ts";
import {
  asDataApi,
  exposedSchemas,
  openConnection,
  readRoleSettings,
} from "./data-api/connection.ts";
import { correctFilters } from "./data-api/filters.ts";
import type { LiteConnection } from "./data-api/schema.ts";
import { quietConsole } from "./quiet.ts";
import { createFileStorage } from "./storage.ts";
import { correctAuthAnswer } from "./tokens.ts";

/** Answers requests below /rest/v1, /auth/v1 and /storage/v1, on a port of its own. */
export interface Api {
  origin: string;
  stop(): Promise<void>;
}

/** Where the API finds its database, and what it signs with. */
export interface ApiOptions {
  /** A superuser: lite finds tables through views that only show what the connection itself may see. Requests run as the caller's role. */
  adminUrl: string;
  keys: Keys;
  tokens: Tokens;
  apiUrl: string;
  storageDir: string;
  /** Connections of the Data API. */
  connections: number;
}

/** Embeds lite. The database has been prepared by {@link file://../database/bootstrap.ts}. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { keys, tokens } = options;
  // Off before lite is asked anything: what it would report is nobody's business.
  Deno.env.set("LITE_TELEMETRY", "0");
  setExperimental("storage", true);
  const sql = postgres(options.adminUrl, { max: 1, onnotice: () => {} });
  let roleSettings = await readRoleSettings(sql);
  const connection = openConnection(options.adminUrl, options.connections, () => roleSettings);
  // Storage alone may delete rows of Storage: its connection says so, as the platform's does.
  const storageConnection = openConnection(
    options.adminUrl,
    options.connections,
    () => roleSettings,
    { "storage.allow_delete_query": "true" },
  );
  const unquiet = quietConsole();
  const config: Omit<ConstructorParameters<typeof App>[0], "connection"> = {
    api: {
      external_url: options.apiUrl,
      max_rows: 1000,
      schemas: exposedSchemas,
      pg_safe_update: true,
    },
    auth: {
      enabled: true,
      site_url: "http://127.0.0.1:3000",
      jwt_secret: keys.internalSecret,
      jwt_expiry: tokenLifetime,
      publishable_key: keys.publishableKey,
      secret_key: keys.secretKey,
      enable_signup: true,
      enable_anonymous_sign_ins: true,
      email: { enable_signup: true, enable_confirmations: false },
    },
    storage: { enabled: true },
    studio: { enabled: false },
    options: { server: { admin: false, disableStudio: true } },
  };
  const app = new App({ ...config, connection });
  const storage = new App({ ...config, connection: storageConnection });
  storage._storageAdapter = createFileStorage(options.storageDir);
  await followSchema(sql, {
    async clearSchemaCache() {
      roleSettings = await readRoleSettings(sql);
      return await connection.clearSchemaCache();
    },
  });

  async function fetchAuth(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    if (path === "/auth/v1/.well-known/jwks.json") {
      return Response.json(makeJwks(keys), {
        headers: { "access-control-allow-origin": "*", "cache-control": "public, max-age=600" },
      });
    }
    if (request.method === "POST" && path === "/auth/v1/signup") {
      const body: unknown = await request.clone().json().catch(() => null);
      const apiKey = request.headers.get("apikey");
      if (
        isAnonymousSignUp(body) && (apiKey === keys.publishableKey || apiKey === keys.secretKey)
      ) {
        const session = await signUpAnonymously(sql, tokens, body.data ?? {});
        return Response.json(session, { headers: { "access-control-allow-origin": "*" } });
      }
    }
    const answer = await app.fetch(request);
    if (!answer.headers.get("content-type")?.includes("application/json")) return answer;
    const corrected = await correctAuthAnswer(await answer.json(), tokens);
    const headers = new Headers(answer.headers);
    headers.delete("content-length");
    return Response.json(corrected, { status: answer.status, headers });
  }

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (incoming) => {
      const request = await correctToken(incoming, tokens);
      const { pathname } = new URL(request.url);
      if (pathname.startsWith("/auth/v1/")) return await fetchAuth(request);
      if (pathname.startsWith("/storage/v1/")) return await storage.fetch(request);
      return await asDataApi(request, async () => await app.fetch(correctFilters(request)));
    },
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    async stop() {
      await server.shutdown();
      await Promise.all([connection.close(), storageConnection.close(), sql.end()]);
      unquiet();
    },
  };
}

type AppConfig = ConstructorParameters<typeof App>[0];

/** A connection of lite, corrected. */
function openConnection(url: string, max: number, settings: Record<string, string> = {}) {
  const connection = createPostgresConnection({
    url,
    postgresOptions: { max, onnotice: () => {}, types: { jsonb }, connection: settings },
  });
  keepGrants(connection);
  connection.normalizeDbError = (error) => {
    const corrected = correctDatabaseError(error);
    return isAnsweredProperly(error) ? expectError(corrected) : corrected;
  };
  return connection;
}

/** Correction 1: the same request, with a token that lite can verify if it could be verified here. */
async function correctToken(request: Request, tokens: Tokens): Promise<Request> {
  const authorization = request.headers.get("authorization");
  if (authorization === null) return request;
  const headers = new Headers(request.headers);
  headers.set("authorization", await tokens.translate(authorization));
  return new Request(request, { headers });
}

/** Correction 4: lite's picture of the schema follows `notify pgrst, 'reload schema'`, as PostgREST's does. */
export async function followSchema(
  sql: postgres.Sql,
  connection: Pick<LiteConnection, "clearSchemaCache">,
): Promise<void> {
  const reload = () => connection.clearSchemaCache();
  // A connection that was lost may have missed a notification: reload when it is back.
  await sql.listen("pgrst", reload, reload);
}
