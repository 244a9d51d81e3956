/** The calendar of the seed, which is nowhere, on this machine: so that its button leads somewhere. */
import type postgres from "postgres";
import { serveProvider } from "../../supabase/functions/tests/oauth-server.ts";

const page = (allow: string, refuse: string) =>
  `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>Calendar</title><style>body { font: 1rem/1.6 system-ui; max-width: 30rem; margin: 4rem auto }</style>
<h1>Calendar</h1>
<p>Acme's assistant asks to read your events. This calendar belongs to the demonstration: it has none.</p>
<p><a href="${allow}">Allow</a> · <a href="${refuse}">Refuse</a></p>`;

/**
 * Serves the calendar, and tells the database where it is.
 *
 * @returns null where the database has no such calendar: it is not the seed's
 */
export async function serveCalendar(sql: postgres.Sql): Promise<AsyncDisposable | null> {
  const calendar = serveProvider({
    client_authentication: "none",
    account: "you@calendar.example",
    ask: (decide) =>
      new Response(page(decide("allow"), decide("refuse")), {
        headers: { "content-type": "text/html; charset=utf-8" },
      }),
  });
  const { count } = await sql`
    update public.connection_providers
    set authorize_url = ${`${calendar.base}/authorize`}, token_url = ${`${calendar.base}/token`},
      revoke_url = ${`${calendar.base}/revoke`}, client_id = 'our:client'
    where name = 'calendar' and authorize_url ~ '^https?://(calendar\.example|127\.0\.0\.1:[0-9]+)/'`;
  if (count > 0) return calendar;
  await calendar[Symbol.asyncDispose]();
  return null;
}
