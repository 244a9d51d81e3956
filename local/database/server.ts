/** A real Postgres 17 that somebody else runs, used through its admin URL. */
import { connect } from "./connect.ts";
import type { RunningDatabase } from "./pglite.ts";

interface ServerFacts {
  version: number;
  is_superuser: boolean;
  missing: string[];
  database: string;
  preloads_cron: boolean;
  cron_database: string | null;
}

/** pg_cron has to be preloaded, and lives in one database of a server: the project can only be there. */
function refuseWithoutCron({ database, preloads_cron, cron_database }: ServerFacts): void {
  if (!preloads_cron) {
    throw new Error(
      "The Postgres of --db-url does not preload pg_cron. In its configuration set " +
        `shared_preload_libraries = 'pg_cron' and cron.database_name = '${database}', and restart it.`,
    );
  }
  if (cron_database !== database) {
    throw new Error(
      `--db-url names the database ${database}, and pg_cron of that server works in ${cron_database} ` +
        `(cron.database_name). Name that one, or set cron.database_name = '${database}' and restart the server.`,
    );
  }
}

/**
 * Checks that the server is one that the project can run on. The project works as `postgres` on the same server and
 * database.
 */
export async function useServer(
  adminUrl: string,
  log: (line: string) => void,
): Promise<RunningDatabase> {
  const sql = connect(adminUrl);
  try {
    const [server] = await sql<ServerFacts[]>`
      select
        current_setting('server_version_num')::integer / 10000 as version,
        (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as is_superuser,
        array(
          select wanted from unnest(array['vector', 'ltree', 'pg_net', 'pg_cron', 'supabase_vault']) as wanted
          where wanted not in (select name from pg_catalog.pg_available_extensions)
        ) as missing,
        current_database() as database,
        -- A setting of pg_cron's in the configuration says nothing: it is kept for whoever may be loaded yet.
        'pg_cron' = any (regexp_split_to_array(current_setting('shared_preload_libraries'), '[ ,"]+')) as preloads_cron,
        current_setting('cron.database_name', true) as cron_database
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
          "Copy local/extensions/pg_net and local/extensions/supabase_vault into " +
          '"$(pg_config --sharedir)/extension"; ' +
          "install the others from your distribution.",
      );
    }
    refuseWithoutCron(server);
  } finally {
    await sql.end();
  }
  const url = new URL(adminUrl);
  url.username = "postgres";
  log(`Database: Postgres on ${url.host}`);
  return { adminUrl, url: url.href, stop: () => Promise.resolve() };
}
