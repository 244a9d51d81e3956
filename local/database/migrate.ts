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

/**
 * Applies the migrations that are not applied yet, in order, each in a transaction of its own.
 * @returns the names of the files that were applied now
 */
export async function applyMigrations(sql: postgres.Sql, folder: string): Promise<string[]> {
  await sql.unsafe(history).simple();
  const rows = await sql<
    { version: string }[]
  >`select version from supabase_migrations.schema_migrations`;
  const known = new Set(rows.map(({ version }) => version));
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
      throw new MigrationError(`${file}: ${describe(error, content)}`, { cause: error });
    }
    applied.push(file);
  }
  return applied;
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
