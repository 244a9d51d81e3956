import assert from "node:assert/strict";
import { PGlite } from "@electric-sql/pglite";
import { diffLines, SCHEMA_QUERY } from "./schema-dump.ts";

Deno.test("the same lines, also repeated, make no difference", () => {
  assert.deepEqual(diffLines(["a", "b", "b"], ["a", "b", "b"]), []);
});

Deno.test("a line lost, a line won and a line once too often are each said", () => {
  assert.deepEqual(diffLines(["a", "b"], ["b", "b", "c"]), ["− a", "+ b", "+ c"]);
});

Deno.test("options make a difference where a person set them, not where the server did", async () => {
  const database = await PGlite.create();
  try {
    const dump = async () =>
      (await database.query<{ fact: string }>(SCHEMA_QUERY)).rows.map(({ fact }) => fact);
    const differencesBy = async (statement: string) => {
      const before = await dump();
      await database.exec(statement);
      return diffLines(before, await dump()).filter((line) => line.startsWith("+")).length;
    };
    await database.exec("create table public.leads (id integer, name text)");
    const column = "alter table public.leads alter column id set (n_distinct = 9)";
    assert.equal(await differencesBy(column), 1);
    assert.equal(await differencesBy("alter table public.leads set (fillfactor = 71)"), 1);
    const servers = `
      update pg_attribute set attoptions = coalesce(attoptions, '{}') || '{pg_attver=7}'
      where attrelid = 'public.leads'::regclass and attnum > 0;
      update pg_class set reloptions = coalesce(reloptions, '{}') || '{pg_relver=7}'
      where oid = 'public.leads'::regclass`;
    assert.equal(await differencesBy(servers), 0);
  } finally {
    await database.close();
  }
});
