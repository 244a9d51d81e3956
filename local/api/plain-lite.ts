/** The library without our corrections, for tests that show what each of them is for. */
import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import type { Keys } from "../keys.ts";

/**
 * @supabase/lite as it comes, on the same database. It would grant everything to everyone at once; that has a step of
 *   its own.
 */
export function openPlainLite(
  url: string,
  keys: Keys,
  { grantsEverything = false } = {},
) {
  const connection = createPostgresConnection({
    url,
    postgresOptions: { max: 1, onnotice: () => {} },
  });
  if (!grantsEverything) {
    Object.assign(connection, { ensureRlsContext: () => Promise.resolve(true) });
  }
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
    async fetch(path: string, init: RequestInit = {}): Promise<Response> {
      const headers = { apikey: keys.publishableKey, "content-type": "application/json" };
      // It writes each error to the console.
      const { error } = console;
      console.error = () => {};
      try {
        return await app.fetch(new Request(`http://lite.example${path}`, { headers, ...init }));
      } finally {
        console.error = error;
      }
    },
    close: () => connection.close(),
  };
}
