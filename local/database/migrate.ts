/**
 * Applies migrations and seeds as `supabase db push --include-seed` does, and remembers them in the same tables, so
 * that the CLI and the stack agree about what has been applied. Done here rather than by the CLI because starting the
 * CLI takes longer than applying.
 */
import type postgres from "postgres";

const history = `
  create schema if not exists supabase_migrations;
  create table if not exists supabase_migrations.schema_migrations (
    version text not null primary key, statements text[], name text
  );
  create table if not exists supabase_migrations.seed_files (path text not null primary key, hash text not null);
`;

/** A migration that Postgres refused. */
export class MigrationError extends Error {
  override name = "MigrationError";
}

/** What became of a folder of migrations, as names of files or, of a file that is gone, its version. */
export interface Migrated {
  /** Applied now. */
  applied: string[];
  /** Applied earlier, and not as it is now in the folder: nothing applies it again but a new database. */
  changed: string[];
}

/** Applies the migrations that are not applied yet, in order, each in a transaction of its own. */
export async function applyMigrations(sql: postgres.Sql, folder: string): Promise<Migrated> {
  await sql.unsafe(history).simple();
  const rows = await sql<
    { version: string; statements: string[] | null }[]
  >`select version, statements from supabase_migrations.schema_migrations order by version`;
  const known = new Set(rows.map(({ version }) => version));
  const changed = await listChanged(rows, folder);
  const applied: string[] = [];
  for (const file of await listMigrations(folder)) {
    const [, version = "", name = ""] = /^(\d+)_(.*)\.sql$/.exec(file) ?? [];
    if (known.has(version)) continue;
    const content = await Deno.readTextFile(`${folder}/${file}`);
    try {
      await sql.begin(async (transaction) => {
        await transaction.unsafe(content).simple();
        await transaction`
          insert into supabase_migrations.schema_migrations (version, name, statements)
          values (${version}, ${name}, ${[content]})
        `;
      });
    } catch (error) {
      const why = changed.length > 0 ? `\n${describeChanged(changed)}` : "";
      throw new MigrationError(`${file}: ${describe(error, content)}${why}`, { cause: error });
    }
    applied.push(file);
  }
  return { applied, changed };
}

/** Says which migrations have changed, and what to do. */
export function describeChanged(changed: string[]): string {
  return `Changed since this database applied them: ${changed.join(", ")}. ` +
    "`npm start -- --reset` begins anew with them.";
}

/** Compares what this stack applied: the CLI keeps a file as its statements, one by one, and not as its text. */
async function listChanged(
  rows: { version: string; statements: string[] | null }[],
  folder: string,
): Promise<string[]> {
  const files = await listMigrations(folder);
  const compared = rows.map(async ({ version, statements }) => {
    const file = files.find((name) => name.startsWith(`${version}_`));
    if (!file) return [version];
    if (statements?.length !== 1) return [];
    const meant = (text: string) => text.replace(/[\s;]+$/, "");
    const content = await Deno.readTextFile(`${folder}/${file}`);
    return meant(content) === meant(statements[0] ?? "") ? [] : [file];
  });
  return (await Promise.all(compared)).flat();
}

/**
 * The migrations of a folder as one script that applies and remembers them, for a database in which none is applied
 * yet. A new embedded database is a copy of one that has run it.
 */
export async function migrationScript(folder: string): Promise<string> {
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const steps = (await listMigrations(folder)).map(async (file) => {
    const [, version = "", name = ""] = /^(\d+)_(.*)\.sql$/.exec(file) ?? [];
    const content = await Deno.readTextFile(`${folder}/${file}`);
    return `begin;\n${content}\n;
      insert into supabase_migrations.schema_migrations (version, name, statements)
      values (${quote(version)}, ${quote(name)}, array[${quote(content)}]);
      commit;`;
  });
  return [history, ...await Promise.all(steps)].join("\n");
}

/**
 * The seed's fate: applied now, known already, or changed since it was applied (then `--reset` applies the new one).
 */
export type SeedResult = "applied" | "known" | "changed" | "absent";

/** Applies a seed file once. `path` is how the CLI calls it, relative to the project. */
export async function applySeed(
  sql: postgres.Sql,
  root: string,
  path: string,
): Promise<SeedResult> {
  const content = await Deno.readTextFile(`${root}/${path}`).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  if (content === null) return "absent";
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(content));
  const hash = new Uint8Array(digest).toHex();
  const [known] = await sql<
    { hash: string }[]
  >`select hash from supabase_migrations.seed_files where path = ${path}`;
  if (known) return known.hash === hash ? "known" : "changed";
  try {
    await sql.begin(async (transaction) => {
      await transaction.unsafe(content).simple();
      await transaction`insert into supabase_migrations.seed_files (path, hash) values (${path}, ${hash})`;
    });
  } catch (error) {
    throw new MigrationError(`${path}: ${describe(error, content)}`, { cause: error });
  }
  return "applied";
}

async function listMigrations(folder: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (/^\d+_.*\.sql$/.test(name)) files.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return files.sort();
}

/** What Postgres said, with the line it complains about. */
function describe(error: unknown, content: string): string {
  if (!(error instanceof Error)) return String(error);
  const { code, position, where, hint } = error as Partial<postgres.PostgresError>;
  const line = position ? ` at line ${content.slice(0, Number(position)).split("\n").length}` : "";
  return [`${error.message}${line}`, code && `(${code})`, hint, where].filter(Boolean).join(" ");
}
