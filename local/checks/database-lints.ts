import postgres from "postgres";
import { runSupabase } from "./supabase.ts";

/**
 * Lets the CLI look at a migrated real database: plpgsql_check over the bodies of all functions, and
 * the platform's advisors (splinter, which the CLI carries itself: no network is needed), with those
 * that it does not carry yet.
 *
 * @returns what they found, empty when both are clean
 */
export async function lintDatabase(adminUrl: string): Promise<string[]> {
  await preparePlpgsqlCheck(adminUrl);
  return [
    ...await findings(adminUrl, "db", "lint", "--schema=public,private", "--level=warning"),
    ...await findings(adminUrl, "db", "advisors", "--type=all", "--level=info"),
    ...await ownAdvisors(adminUrl),
  ].filter((finding) => !MEANINGLESS_HERE.test(finding));
}

/**
 * On a database that was made a moment ago no index has been used yet; and the rows of a statement
 * that is made at run time (`return query execute`) plpgsql_check does not see being returned.
 */
const MEANINGLESS_HERE = /^unused_index:|^private\.claim_work warning extra: OUT variable /;

/**
 * The CLI acts as `postgres`, who may not create plpgsql_check on Debian's server as it may on the
 * platform's, and finds its functions through the search path.
 */
async function preparePlpgsqlCheck(adminUrl: string): Promise<void> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    await sql`create extension if not exists plpgsql_check with schema extensions`;
    const [{ name }] = await sql<[{ name: string }]>`select current_database() as name`;
    await sql`alter database ${sql(name)} set search_path = public, extensions`;
    await sql`alter role ${sql(sql.options.user)} set search_path = public, extensions`;
  } finally {
    await sql.end();
  }
}

const OWN_ADVISORS = await Deno.readTextFile(new URL("advisors.sql", import.meta.url));

async function ownAdvisors(adminUrl: string): Promise<string[]> {
  const sql = postgres(adminUrl, { max: 1 });
  try {
    const rows = await sql.unsafe<{ name: string; detail: string }[]>(OWN_ADVISORS);
    return rows.map(({ name, detail }) => `${name}: ${detail}`);
  } finally {
    await sql.end();
  }
}

type Finding =
  | {
    function: string;
    issues: { level: string; message: string; statement?: { lineNumber: string } }[];
  }
  | { name: string; detail: string };

/** Both commands answer with JSON, or with nothing at all; a finding is better read in one line. */
async function findings(adminUrl: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runSupabase([...args, `--remote=${adminUrl}`]);
  if (code !== 0) throw new Error(`supabase ${args.join(" ")} ended with ${code}:\n${stderr}`);
  const found = stdout.trim() === "" ? [] : JSON.parse(stdout) as Finding[];
  return found.flatMap((finding) =>
    "issues" in finding
      ? finding.issues.map(({ level, message, statement }) =>
        `${finding.function}${statement ? `:${statement.lineNumber}` : ""} ${level}: ${message}`
      )
      : [`${finding.name}: ${finding.detail}`]
  );
}
