import type { Sql } from "postgres";
import { tryRun } from "../services/processes.ts";
import { POSTGRES_BIN, type Root } from "../services/root.ts";

/** Reads all that a migration can change about the schema, one line for each fact, in the column `fact`. */
export const SCHEMA_QUERY = await Deno.readTextFile(new URL("schema-dump.sql", import.meta.url));
/** What a migration adds to the platform's own tables: its schedule and its buckets. */
const PLATFORM_ROWS = [
  {
    table: "cron.job",
    query:
      `select format('job %s runs %s: %s active %s', jobname, schedule, command, active) as fact
      from cron.job order by 1`,
  },
  {
    table: "storage.buckets",
    query:
      `select format('bucket %s public %s', id, public) as fact from storage.buckets order by 1`,
  },
];

/** The schema as the catalogue describes it, jobs and buckets: one line for each fact. */
export async function dumpCatalogue(sql: Sql): Promise<string[]> {
  const rows = [...await sql.unsafe<{ fact: string }[]>(SCHEMA_QUERY)];
  for (const { table, query } of PLATFORM_ROWS) {
    const [found] = await sql`select to_regclass(${table}) is not null as is_there`;
    if (found?.is_there) rows.push(...await sql.unsafe<{ fact: string }[]>(query));
  }
  return rows.map(({ fact }) => fact);
}

/** The schema as pg_dump writes it. */
export async function dumpWithPgDump(root: Root, adminUrl: string): Promise<string[]> {
  const { code, stdout, stderr } = await tryRun("chroot", [
    root.path,
    `${POSTGRES_BIN}/pg_dump`,
    "--schema-only",
    "--restrict-key=groundwork",
    `--dbname=${adminUrl}`,
  ]);
  if (code !== 0) throw new Error(`pg_dump ended with ${code}: ${stderr}`);
  // Blank lines and rulers say nothing, but would be counted among the differences.
  return stdout.split("\n").filter((line) => line.trim() !== "" && line !== "--");
}

/** The lines that only one of two dumps has, each marked with − or +; empty when they are alike. */
export function diffLines(before: string[], after: string[]): string[] {
  const count = new Map<string, number>();
  for (const line of before) count.set(line, (count.get(line) ?? 0) - 1);
  for (const line of after) count.set(line, (count.get(line) ?? 0) + 1);
  return [...count].filter(([, n]) => n !== 0).map(([line, n]) => `${n < 0 ? "−" : "+"} ${line}`);
}
