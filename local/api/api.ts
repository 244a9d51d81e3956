/** The Data API: @supabase/lite, embedded and corrected where it differs from the platform. */
import { App } from "@supabase/lite";
import type postgres from "postgres";
import { connect } from "../database/connect.ts";
import type { Keys } from "../keys.ts";
import type { Tokens } from "../tokens.ts";
import {
  asDataApi,
  exposedSchemas,
  openConnection,
  readRoleSettings,
} from "./data-api/connection.ts";
import { correctFilters } from "./data-api/filters.ts";
import type { LiteConnection } from "./data-api/schema.ts";
import { openStorage } from "../storage/storage.ts";
import { quietConsole } from "./quiet.ts";

/**
 * Answers requests below /rest/v1, and below /storage/v1 by {@link file://../storage/storage.ts}, on a port of its own.
 */
export interface Api {
  origin: string;
  stop(): Promise<void>;
}

/** Where the API finds its database, and what it signs with. */
export interface ApiOptions {
  /**
   * A superuser: lite finds tables through views that only show what the connection itself may see. Requests run as the
   * caller's role.
   */
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
  const sql = connect(options.adminUrl);
  let roleSettings = await readRoleSettings(sql);
  const connection = openConnection(options.adminUrl, options.connections, () => roleSettings);
  const storage = openStorage({
    adminUrl: options.adminUrl,
    keys,
    tokens,
    folder: options.storageDir,
    connections: options.connections,
  });
  const unquiet = quietConsole();
  const config: Omit<ConstructorParameters<typeof App>[0], "connection"> = {
    api: {
      external_url: options.apiUrl,
      max_rows: 1000,
      schemas: exposedSchemas,
      pg_safe_update: true,
    },
    // Of lite's Auth only what tells roles apart is used; people are {@link file://../auth/auth.ts}'s.
    auth: {
      enabled: true,
      jwt_secret: keys.internalSecret,
      publishable_key: keys.publishableKey,
      secret_key: keys.secretKey,
    },
    studio: { enabled: false },
    options: { server: { admin: false, disableStudio: true } },
  };
  const app = new App({ ...config, connection });
  await followSchema(sql, {
    async clearSchemaCache() {
      roleSettings = await readRoleSettings(sql);
      return await connection.clearSchemaCache();
    },
  });

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (incoming) => {
      const { pathname } = new URL(incoming.url);
      if (pathname.startsWith("/storage/v1/")) return await storage.fetch(incoming);
      const request = await correctToken(incoming, tokens);
      const answer = (asked: Request) =>
        asDataApi(request, async () => await app.fetch(correctFilters(asked)));
      return await answerHead(request, answer);
    },
  );
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    async stop() {
      await server.shutdown();
      await Promise.all([connection.close(), storage.stop(), sql.end({ timeout: 5 })]);
      unquiet();
    },
  };
}

/** Correction 1: the same request, with a token that lite can verify if it could be verified here. */
async function correctToken(request: Request, tokens: Tokens): Promise<Request> {
  const authorization = request.headers.get("authorization");
  if (authorization === null) return request;
  const headers = new Headers(request.headers);
  headers.set("authorization", await tokens.translate(authorization));
  return new Request(request, { headers });
}

/**
 * Correction 11: lite takes the arguments of a call by HEAD for filters. It is a call by GET whose answer stays without
 * its body.
 */
async function answerHead(
  request: Request,
  answer: (request: Request) => Promise<Response>,
): Promise<Response> {
  const isCall = new URL(request.url).pathname.startsWith("/rest/v1/rpc/");
  if (request.method !== "HEAD" || !isCall) return await answer(request);
  const { body, status, headers } = await answer(new Request(request, { method: "GET" }));
  await body?.cancel();
  return new Response(null, { status, headers });
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
