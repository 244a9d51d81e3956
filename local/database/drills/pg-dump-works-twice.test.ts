import assert from "node:assert/strict";
import postgres from "postgres";
import { startBareDatabase } from "../../fixture.ts";
import { ensureRoot, POSTGRES_BIN } from "../../services/root.ts";

Deno.test("pg_dump of a real Postgres dumps the embedded database, twice the same", async () => {
  const root = await ensureRoot(() => {});
  await using database = await startBareDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await sql.unsafe(`
    create table public.notes (id int primary key, body text not null);
    insert into public.notes select i, 'note ' || i from generate_series(1, 1000) as i;
    create view public.short_notes as select id, left(body, 3) as body from public.notes;
  `).simple();
  const dump = async () => {
    const program = `${POSTGRES_BIN}/pg_dump`;
    const script = await root.run(
      "postgres",
      program,
      "--schema=public",
      `--dbname=${database.url}`,
    );
    // It guards each script with a word of its own.
    return script.replace(/^\\(un)?restrict .*$/gm, "");
  };
  const first = await dump();
  assert.match(first, /^1000\tnote 1000$/m);
  assert.match(first, /CREATE VIEW public.short_notes/);
  assert.equal(await dump(), first);
  // Whoever was there before goes on.
  assert.deepEqual([...await sql`select count(*)::int as n from public.notes`], [{ n: 1000 }]);
  await sql.end();
});
