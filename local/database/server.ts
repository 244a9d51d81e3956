/** A real Postgres 17 that somebody else runs, used through its admin URL. */
import { connect } from "./connect.ts";
import type { RunningDatabase } from "./pglite.ts";

/** Checks that the server is one that the project can run on. The project works as `postgres` on the same server and database. */
export async function useServer(
  adminUrl: string,
  log: (line: string) => void,
): Promise<RunningDatabase> {
  const sql = connect(adminUrl);
  try {
    const [server] = await sql<{ version: number; is_superuser: boolean; missing: string[] }[]>`
      select
        current_setting('server_version_num')::integer / 10000 as version,
        (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as is_superuser,
        array(
          select wanted from unnest(array['vector', 'ltree', 'pg_net', 'pg_cron', 'supabase_vault']) as wanted
          where wanted not in (select name from pg_catalog.pg_available_extensions)
        ) as missing
    `;
    if (!server?.is_superuser) {
      throw new Error(
        "--db-url must be the URL of a superuser: roles and extensions are to be made",
      );
    }
    if (server.version !== 17) {
      throw new Error(`--db-url is a Postgres ${server.version}; the project needs 17`);
    }
    if (server.missing.length > 0) {
      throw new Error(
        `The Postgres of --db-url lacks extensions: ${server.missing.join(", ")}. ` +
          'Copy local/extensions/pg_net and local/extensions/supabase_vault into "$(pg_config --sharedir)/extension"; ' +
          "install the others from your distribution.",
      );
    }
  } finally {
    await sql.end();
  }
  const url = new URL(adminUrl);
  url.username = "postgres";
  log(`Database: Postgres on ${url.host}`);
  return { adminUrl, url: url.href, stop: () => Promise.resolve() };
}
