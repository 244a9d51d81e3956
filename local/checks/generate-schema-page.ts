/**
 * `docs/schema.md`: every table that clients see, with its columns, and every function that they call, as the
 * database's own comments tell of them, in the order of the chapters that make them.
 */
import type postgres from "postgres";
import { connect } from "../database/connect.ts";
import { PROJECT } from "../testing/deno-test.ts";
import { listMigrations } from "../testing/rollbacks.ts";
import { formatText } from "./format-text.ts";

/** Where the page is kept. */
export const SCHEMA_PAGE = `${PROJECT}/docs/schema.md`;

type Sql = ReturnType<typeof postgres>;

interface Table {
  name: string;
  about: string;
  columns: { name: string; type: string; about: string | null }[];
  /** Tables that its foreign keys name. */
  refers_to: string[];
}
interface Procedure {
  name: string;
  takes: string;
  returns: string;
  about: string;
}

/** A chapter: what its first sentence says it is about, and what it makes for clients. */
interface Chapter {
  file: string;
  about: string;
  tables: Table[];
  procedures: Procedure[];
}

/** Nearly every table refers to these: the picture would show nothing else. */
const EVERYWHERE = ["workspaces", "profiles"];

const readTables = (sql: Sql) =>
  sql<Table[]>`
    select c.relname as name, coalesce(obj_description(c.oid, 'pg_class'), '') as about,
      (select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
          'about', col_description(c.oid, a.attnum)) order by a.attnum)
        from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      array(select distinct f.confrelid::regclass::text from pg_constraint as f
        where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid order by 1) as refers_to
    from pg_class as c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition`;

const readProcedures = (sql: Sql) =>
  sql<Procedure[]>`
    select p.proname as name, pg_get_function_arguments(p.oid) as takes, pg_get_function_result(p.oid) as returns,
      coalesce(obj_description(p.oid, 'pg_proc'), '') as about
    from pg_proc as p
    where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype
      and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
    order by p.proname, p.oid`;

/** The first paragraph of a chapter's head, as one line. */
function readAbout(script: string): string {
  const head: string[] = [];
  for (const line of script.split("\n")) {
    const said = /^--\s?(.*)$/.exec(line)?.[1]?.trim();
    if (!said) break;
    head.push(said);
  }
  return head.join(" ");
}

/** What a chapter's text makes in the schema that clients see. */
function findMade(script: string, kind: "table" | "view" | "function"): string[] {
  const statement = new RegExp(`^create (?:unlogged )?${kind} public\\.(\\w+)`, "gm");
  return [...script.matchAll(statement)].map(([, name = ""]) => name);
}

async function readChapters(sql: Sql): Promise<Chapter[]> {
  const tables = new Map((await readTables(sql)).map((table) => [table.name, table]));
  const procedures = Map.groupBy(await readProcedures(sql), ({ name }) => name);
  return await Promise.all((await listMigrations()).map(async (file) => {
    const script = await Deno.readTextFile(`${PROJECT}/supabase/migrations/${file}`);
    const made = [...findMade(script, "table"), ...findMade(script, "view")];
    const called = [...new Set(findMade(script, "function"))];
    return {
      file,
      about: readAbout(script),
      tables: made.flatMap((name) => tables.get(name) ?? []),
      procedures: called.flatMap((name) => procedures.get(name) ?? []),
    };
  }));
}

/** Text for a cell of a table, or for a line: what Markdown would read as its own is told apart. */
const plain = (text: string): string =>
  text.replaceAll(/([|<*_])/g, "\\$1").replaceAll(/\s+/g, " ");

const writeTable = ({ name, about, columns }: Table): string =>
  [
    `### ${name}`,
    plain(about),
    [
      "| column | type | |",
      "| --- | --- | --- |",
      ...columns.map((column) =>
        `| ${column.name} | \`${column.type}\` | ${plain(column.about ?? "")} |`
      ),
    ].join("\n"),
  ].join("\n\n");

const writeProcedure = ({ name, takes, returns, about }: Procedure): string =>
  `- \`${name}(${takes}) → ${returns}\`: ${plain(about)}`;

function writeChapter({ file, about, tables, procedures }: Chapter): string {
  const name = file.replace(/^\d+_/, "").replace(/\.sql$/, "").replaceAll("_", " ");
  return [
    `## ${name[0]!.toUpperCase()}${name.slice(1)}`,
    `${plain(about)} ([${file}](../supabase/migrations/${file}))`,
    ...tables.map(writeTable),
    ...(procedures.length > 0 ? [procedures.map(writeProcedure).join("\n")] : []),
  ].join("\n\n");
}

/** Which table refers to which, without what nearly all refer to. */
function writePicture(tables: Table[]): string {
  const names = new Set(tables.map(({ name }) => name));
  const edges = tables.flatMap(({ name, refers_to }) =>
    refers_to
      .filter((other) => names.has(other) && !EVERYWHERE.includes(other))
      .map((other) => `  ${name} --> ${other}`)
  );
  return ["```mermaid", "flowchart LR", ...edges, "```"].join("\n");
}

/** The page for a database with all chapters. */
export async function writeSchemaPage(dbUrl: string): Promise<string> {
  const sql = connect(dbUrl);
  try {
    const chapters = (await readChapters(sql)).filter(({ tables, procedures }) =>
      tables.length + procedures.length > 0
    );
    const page = [
      "# The schema",
      "What clients see: tables under row security, and functions that they call by `rpc`. Made from the database's " +
      "comments by `npm run types`; `npm run check` compares. Each business has tables of its own beside these " +
      "([businesses](businesses.md)); what a person may read of a row is said by the policies beside it.",
      "An arrow leads from a table to the one that its rows refer to. Every table refers to `workspaces` or " +
      "`profiles`, so those are left out.",
      writePicture(chapters.flatMap(({ tables }) => tables)),
      ...chapters.map(writeChapter),
    ].join("\n\n");
    return await formatText(page, "md");
  } finally {
    await sql.end();
  }
}
