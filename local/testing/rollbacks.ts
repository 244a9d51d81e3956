import postgres, { type Sql } from "postgres";
import { exists } from "../services/processes.ts";
import { PROJECT } from "./deno-test.ts";
import { diffLines } from "./schema-dump.ts";

/** A claim that was tried out: empty `problem` means that it holds. */
export interface Checked {
  claim: string;
  problem: string;
}

const MIGRATIONS = `${PROJECT}/supabase/migrations`;
const ROLLBACKS = `${PROJECT}/supabase/rollbacks`;

/** The file names of all migrations, in the order in which they are applied. */
export async function listMigrations(): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(MIGRATIONS)) {
    if (entry.name.endsWith(".sql")) names.push(entry.name);
  }
  return names.sort();
}

/** How a schema is read: the reading is what takes the time of these checks. */
export interface SchemaReader {
  /** All that can be read of it. */
  whole: (sql: Sql) => Promise<string[]>;
  /** What is cheap to read of it. Null where nothing is. */
  cheap: ((sql: Sql) => Promise<string[]>) | null;
}

/**
 * Takes a migrated database back, one migration after the other, newest first: each is rolled back,
 * applied again and rolled back again. Applied again the schema must be the one from before; at the
 * end nothing of the project may be left. Both rollbacks begin with the same whole schema, so what
 * the first one leaves is read only where that is cheap, and must be what the second one leaves.
 *
 * @param url connects as the role that owns the project's objects
 * @param read reads the schema
 * @param onChecked hears of each claim that was tried out
 */
export async function checkRollbacks(
  url: string,
  read: SchemaReader,
  onChecked: (checked: Checked, place: number, of: number) => void = () => {},
): Promise<Checked[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const results: Checked[] = [];
  try {
    let stuckAt = "";
    const names = (await listMigrations()).reverse();
    const tell = (checked: Checked) => {
      results.push(checked);
      onChecked(checked, results.length, names.length + 1);
    };
    // What one migration leaves behind is what the next one begins with.
    let migrated = await read.whole(sql);
    for (const name of names) {
      let problem = stuckAt && `not reached, because ${stuckAt} failed`;
      if (!stuckAt) {
        try {
          ({ problem, rest: migrated } = await checkOne(sql, name, migrated, read));
        } catch (error) {
          // Below a script that does not run nothing can be tried out any more.
          problem = String(error);
          stuckAt = name;
        }
      }
      tell({ claim: `${name}: up → down → up leaves the same schema`, problem });
    }
    if (stuckAt) return results;
    tell({
      claim: "after all rollbacks nothing of the project is left",
      problem: (await listLeftovers(sql)).join("\n"),
    });
  } finally {
    await sql.end();
  }
  return results;
}

async function checkOne(
  sql: Sql,
  name: string,
  migrated: string[],
  read: SchemaReader,
): Promise<{ problem: string; rest: string[] }> {
  if (!await exists(`${ROLLBACKS}/${name}`)) throw new Error("it has no rollback");
  const up = await Deno.readTextFile(`${MIGRATIONS}/${name}`);
  const down = await Deno.readTextFile(`${ROLLBACKS}/${name}`);
  const apply = (script: string) => sql.begin((transaction) => transaction.unsafe(script));

  await apply(down);
  const rolledBackOnce = await read.cheap?.(sql);
  await apply(up);
  const migratedAgain = await read.whole(sql);
  await apply(down);
  const rolledBack = await read.whole(sql);
  const problem = [
    ...(diffLines(migrated, rolledBack).length === 0 ? ["the rollback changes nothing"] : []),
    ...describe("applied again, the schema differs", diffLines(migrated, migratedAgain)),
    ...describe(
      "rolled back again, the schema differs",
      rolledBackOnce ? diffLines(rolledBackOnce, await read.cheap!(sql)) : [],
    ),
  ].join("\n");
  return { problem, rest: rolledBack };
}

const describe = (what: string, difference: string[]): string[] =>
  difference.length === 0
    ? []
    : [`${what} in ${difference.length} lines:`, ...difference.slice(0, 20)];

async function listLeftovers(sql: Sql): Promise<string[]> {
  const rows = await sql<{ leftover: string }[]>`
    with ours as (
      select oid from pg_namespace where nspname in ('public', 'private')
    )
    select format('table or view %s', oid::regclass) as leftover
    from pg_class where relnamespace in (select oid from ours) and relkind in ('r', 'p', 'v', 'm', 'S')
    union all
    select format('function %s', oid::regprocedure)
    from pg_proc as f where pronamespace in (select oid from ours)
      and not exists (select from pg_depend as d where d.objid = f.oid and d.deptype = 'e')
    union all
    select format('trigger %s on %s', tgname, tgrelid::regclass)
    from pg_trigger where not tgisinternal
      and tgfoid in (select oid from pg_proc where pronamespace in (select oid from ours))`;
  return rows.map(({ leftover }) => leftover);
}
