/**
 * What the tests of Auth stand on: Auth on a bare database, behind the front door, and @supabase/lite as it comes
 * beside it.
 */
import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { connect } from "../database/connect.ts";
import type postgres from "postgres";
import { startBareDatabase } from "../fixture.ts";
import { openGateway } from "../gateway/gateway.ts";
import { type Keys, loadKeys } from "../keys.ts";
import { createTokens, type Tokens } from "../tokens.ts";
import { startAuth } from "./auth.ts";
import type { Inbox, Mail } from "./mails.ts";
import { type AuthSettings, readAuthSettings } from "./settings.ts";

/** Auth under test. */
export interface TestAuth extends AsyncDisposable {
  url: string;
  keys: Keys;
  tokens: Tokens;
  sql: postgres.Sql;
  inbox: Inbox;
  /** A client of its own for each: sessions do not mix. */
  client(key?: "publishable" | "secret", options?: { pkce?: boolean }): SupabaseClient;
  /** The newest mail to an address. */
  mail(to: string): Mail;
  /** What @supabase/lite answers to the same request. */
  askLite(path: string, init?: RequestInit): Promise<Response>;
}

/** Starts it. `changes`: settings that the test wants otherwise. */
export async function startTestAuth(
  changes: Partial<AuthSettings> = {},
  mails?: number,
): Promise<TestAuth> {
  const database = await startBareDatabase();
  const keys = await loadKeys(null);
  const gateway = await openGateway(0);
  const url = `http://127.0.0.1:${gateway.port}`;
  const tokens = createTokens(keys, url);
  const defaults = await readAuthSettings("/nowhere", false);
  const settings = {
    ...defaults,
    email: { ...defaults.email, max_frequency: "0s" },
    ...changes,
  };
  const { adminUrl } = database;
  const auth = startAuth({ adminUrl, connections: 1, keys, tokens, settings, apiUrl: url, mails });
  gateway.serve([
    { prefix: "/auth/v1", origin: auth.origin },
    ...["/inbox", "/inbox.json"].map((prefix) => ({ prefix, origin: auth.origin, ownCors: true })),
  ]);
  const sql = connect(adminUrl);
  const lite = openLite(adminUrl, keys);
  return {
    url,
    keys,
    tokens,
    sql,
    inbox: auth.inbox,
    client: (key = "publishable", { pkce = false } = {}) =>
      createClient(url, key === "secret" ? keys.secretKey : keys.publishableKey, {
        auth: {
          persistSession: pkce,
          autoRefreshToken: false,
          flowType: pkce ? "pkce" : "implicit",
          ...(pkce ? { storage: keepInMemory() } : {}),
        },
      }),
    mail(to) {
      const [newest] = auth.inbox.list(to);
      if (!newest) throw new Error(`no mail to ${to}`);
      return newest;
    },
    askLite: lite.ask,
    async [Symbol.asyncDispose]() {
      await gateway.stop();
      await auth.stop();
      await lite.close();
      await sql.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

function keepInMemory() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
}

/** It would grant everything to everyone at once; that is another test's. */
function openLite(url: string, keys: Keys) {
  const connection = createPostgresConnection({
    url,
    postgresOptions: { max: 1, onnotice: () => {} },
  });
  Object.assign(connection, { ensureRlsContext: () => Promise.resolve(true) });
  const app = new App({
    connection,
    auth: {
      jwt_secret: keys.internalSecret,
      publishable_key: keys.publishableKey,
      secret_key: keys.secretKey,
      enable_anonymous_sign_ins: true,
    },
    options: { server: { admin: false, disableStudio: true } },
  });
  return {
    async ask(path: string, init: RequestInit = {}): Promise<Response> {
      const headers = { apikey: keys.publishableKey, "content-type": "application/json" };
      const request = { ...init, headers: { ...headers, ...init.headers } };
      // It writes each error to the console, and each mail.
      const { error, log, info } = console;
      Object.assign(console, { error() {}, log() {}, info() {} });
      try {
        return await app.fetch(new Request(`http://lite.example${path}`, request));
      } finally {
        Object.assign(console, { error, log, info });
      }
    },
    close: () => connection.close(),
  };
}
