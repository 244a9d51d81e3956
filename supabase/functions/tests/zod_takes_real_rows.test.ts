/** The schemas that groundwork-zod writes: the rows of each table pass, and what is no row does not. */
import { createClient } from "@supabase/supabase-js";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import type { z } from "zod";
import { writeZodSchemas } from "../../../types/zod-schemas.ts";
import { connect, createWorld, environment } from "./world.ts";

const project = new URL("../../../", import.meta.url);
const types = await Deno.readTextFile(new URL("types/database.types.ts", project));

/** Writes them where `zod` is found, loads them, and leaves nothing there. */
async function loadSchemas(): Promise<Record<string, z.ZodType>> {
  const folder = new URL(".local/", project); // Git ignores it
  await Deno.mkdir(folder, { recursive: true });
  const file = new URL(`zod-${crypto.randomUUID()}.ts`, folder);
  await Deno.writeTextFile(file, writeZodSchemas(types));
  try {
    return await import(file.href);
  } finally {
    await Deno.remove(file);
  }
}
const schemas = await loadSchemas();
const schemaOf = (table: string, form: string) => {
  const name = table.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const schema = schemas[`${name}${form}Schema`];
  assert(schema, `${table} has a schema of ${form}`);
  return schema;
};

const sql = connect();
const world = await createWorld(sql);
Deno.test.afterAll(() => sql.end());
const service = createClient(environment.url, environment.secretKeys.default ?? "", {
  auth: { persistSession: false, autoRefreshToken: false },
});

Deno.test("every row of every table passes its schema, and without a column it does not", async () => {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables as known
    where table_schema = 'public' and table_type = 'BASE TABLE'
      and has_table_privilege('service_role', format('%I.%I', table_schema, table_name), 'select')
      and not exists (select from pg_catalog.pg_inherits as part
        where part.inhrelid = format('%I.%I', known.table_schema, known.table_name)::regclass)
      and not exists (select from public.businesses as b where known.table_name like b.prefix || '%')`;
  let filled = 0;
  for (const { name } of tables) {
    const { data, error } = await service.from(name).select().limit(50);
    assertEquals(error, null, name);
    const schema = schemaOf(name, "Row");
    for (const row of data as Record<string, unknown>[]) {
      const { success, error } = schema.safeParse(row);
      assert(success, `${name}: ${error?.message}`);
    }
    const [first] = data as Record<string, unknown>[];
    const column = Object.entries(first ?? {}).find(([, value]) => typeof value === "string")?.[0];
    if (!first || !column) continue;
    filled++;
    const { [column]: _, ...less } = first;
    assert(!schema.safeParse(less).success, `${name} without ${column}`);
    assert(!schema.safeParse({ ...first, [column]: 7 }).success, `${name} with a number`);
  }
  assert(filled >= 10, `tables with rows: ${filled}`);
});

Deno.test("what may be inserted passes and is taken; a wrong type or an unknown column does not pass", async () => {
  const schema = schemaOf("agents", "Insert");
  const agent = {
    workspace_id: world.workspace,
    slug: "made-by-zod",
    name: "Made",
    endpoint_url: "https://a.example/",
  };
  const { error } = await service.from("agents").insert(schema.parse(agent) as typeof agent);
  assertEquals(error, null);
  const refused = [
    { ...agent, name: 7 },
    { ...agent, nmae: "Made" },
    { ...agent, name: null },
    { slug: "less" },
  ].filter((one) => schema.safeParse(one).success);
  assertDeepEquals(refused, []);
  const update = schemaOf("agents", "Update");
  assert(update.safeParse({ name: "Other" }).success && update.safeParse({}).success);
  assert(!update.safeParse({ name: null }).success && !update.safeParse({ nmae: "" }).success);
});
