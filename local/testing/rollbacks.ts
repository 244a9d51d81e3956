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

/** A schema as it was read, in two parts. */
interface Schema {
  catalogue: string[];
  /** What pg_dump writes; empty where there is none. */
  dump: string[];
}

/** How a schema is read: the reading is what takes the time of these checks. */
export interface SchemaReader {
  catalogue: (sql: Sql) => Promise<string[]>;
  /**
   * Null for the embedded database, where the catalogue takes a second: it is read after each first rollback, and above
   * and below all that are taken back together. On a real one, where it takes a tenth, it is read after each script.
   */
  dump: ((sql: Sql) => Promise<string[]>) | null;
}

/** Migrations that are taken back together. */
const TOGETHER = 12;

/** A script that does not run. Below it nothing can be tried out any more. */
class Stuck extends Error {
  constructor(readonly at: string, cause: unknown) {
    super(String(cause), { cause });
  }
}

/**
 * Takes a migrated database back, newest first: some migrations are rolled back, applied again and rolled back again.
 * Applied again the schema must be the one from before, by the catalogue after each script and by pg_dump after all of
 * them; rolled back again it must be what the first rollback left; at the end nothing of the project may be left.
 *
 * @param url connects as the role that owns the project's objects
 * @param read reads the schema
 * @param onChecked hears of each claim that was tried out
 * @param together how many are taken back together
 */
export async function checkRollbacks(
  url: string,
  read: SchemaReader,
  onChecked: (checked: Checked, place: number, of: number) => void = () => {},
  together: number = TOGETHER,
): Promise<Checked[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const results: Checked[] = [];
  const names = (await listMigrations()).reverse();
  const tell = (claim: string, problem: string) => {
    results.push({ claim, problem });
    onChecked({ claim, problem }, results.length, names.length + 1);
  };
  const tellOf = (name: string, problem: string) =>
    tell(`${name}: up → down → up leaves the same schema`, problem);
  try {
    let schema: Schema = {
      catalogue: await read.catalogue(sql),
      dump: await read.dump?.(sql) ?? [],
    };
    for (let at = 0; at < names.length; at += together) {
      schema = await checkTogether(sql, names.slice(at, at + together), schema, read, tellOf);
    }
    const left = (await listLeftovers(sql)).join("\n");
    tell("after all rollbacks nothing of the project is left", left);
  } catch (error) {
    if (!(error instanceof Stuck)) throw error;
    for (const name of names.slice(results.length)) {
      const isIt = name === error.at;
      tellOf(name, isIt ? error.message : `not reached, because ${error.at} failed`);
    }
  } finally {
    await sql.end();
  }
  return results;
}

/** Tries out some migrations, newest first, and returns the schema without them. */
async function checkTogether(
  sql: Sql,
  names: string[],
  migrated: Schema,
  read: SchemaReader,
  tell: (name: string, problem: string) => void,
): Promise<Schema> {
  const apply = (folder: string, name: string) => applyScript(sql, folder, name);
  const backUp = async (some: string[]) => {
    for (const name of some.toReversed()) await apply(MIGRATIONS, name);
  };
  /** The catalogue without each of them. */
  const left: string[][] = [];
  for (const [place, name] of names.entries()) {
    try {
      await apply(ROLLBACKS, name);
    } catch (error) {
      if (names.length === 1) throw error;
      // Those above it can be tried out.
      await backUp(names.slice(0, place));
      let schema = migrated;
      for (const one of names) schema = await checkTogether(sql, [one], schema, read, tell);
      return schema;
    }
    left.push(await read.catalogue(sql));
  }
  /** What each differs in when it is applied again. */
  const again: string[][] = names.map(() => []);
  const isReadOften = read.dump !== null;
  const before = (place: number) => left[place - 1] ?? migrated.catalogue;
  for (const [place, name] of [...names.entries()].reverse()) {
    await apply(MIGRATIONS, name);
    if (!isReadOften && place > 0) continue;
    again[place] = diffLines(before(place), await read.catalogue(sql));
  }
  // What one of them changes is still so after all that follow: it is theirs only where it is new.
  const own = again.map((lines, place) =>
    lines.filter((line) => !again[place + 1]?.includes(line))
  );
  const hidden = again.every((lines) => lines.length === 0)
    ? diffLines(migrated.dump, await read.dump?.(sql) ?? [])
    : [];

  const among = `after one of those from ${names.at(-1)} on was applied again`;
  const problems: string[][] = [];
  for (const [place, name] of names.entries()) {
    await apply(ROLLBACKS, name);
    const isRead = isReadOften || place === names.length - 1;
    problems.push([
      ...(diffLines(before(place), left[place]!).length === 0
        ? ["the rollback changes nothing"]
        : []),
      ...describe(
        isReadOften ? "applied again, the schema differs" : `${among}, the schema differs`,
        own[place]!,
      ),
      ...describe(`${among}, pg_dump differs`, place === 0 ? hidden : []),
      ...describe(
        "rolled back again, the schema differs",
        isRead
          ? diffLines(left[place]!, await read.catalogue(sql))
            .filter((line) => !again[0]!.includes(line))
          : [],
      ),
    ]);
  }
  names.forEach((name, place) => tell(name, problems[place]!.join("\n")));
  return { catalogue: left.at(-1)!, dump: await read.dump?.(sql) ?? [] };
}

async function applyScript(sql: Sql, folder: string, name: string): Promise<void> {
  try {
    if (!await exists(`${folder}/${name}`)) throw new Error("it has no rollback");
    const script = await Deno.readTextFile(`${folder}/${name}`);
    await sql.begin((transaction) => transaction.unsafe(script));
  } catch (error) {
    throw new Stuck(name, error);
  }
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
