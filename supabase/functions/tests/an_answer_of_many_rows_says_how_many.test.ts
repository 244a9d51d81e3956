/**
 * The Data API cuts an answer at a thousand rows. Functions that may return more tell how many there are, and the
 * others are read by range: each once, and nothing else.
 */
import { createClient } from "@supabase/supabase-js";
import type postgres from "postgres";
import { assert, assertEquals } from "../_shared/asserts.ts";
import { connect, createWorld, environment } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
Deno.test.afterAll(() => sql.end());
const { workspace, owner, agent } = world;
const count = 1203;
const person = createClient(environment.url, environment.publishableKeys.default ?? "", {
  accessToken: () => Promise.resolve(owner.token),
});

/** What a function is asked, what names a row of its answer, and what makes the rows. */
interface Case {
  name: string;
  asked: Record<string, unknown>;
  key: string;
  make: (sql: postgres.TransactionSql<{ bigint: number }>) => Promise<unknown>;
}
const cases: Case[] = [
  {
    name: "list_documents",
    asked: { workspace_id: workspace },
    key: "path",
    make: (sql) =>
      sql`
      insert into public.documents (workspace_id, path, name)
      select ${workspace}, ('d' || n)::extensions.ltree, 'd' || n
      from generate_series(1, ${count}::integer) as n`,
  },
  {
    name: "load_agent_memory",
    asked: { workspace_id: workspace, agent_id: agent },
    key: "key",
    make: (sql) =>
      sql`
      insert into public.agent_memory (workspace_id, agent_id, memory_type, key, value)
      select ${workspace}, ${agent}, 'state', 'k' || n, '1'
      from generate_series(1, ${count}::integer) as n`,
  },
  {
    name: "memories_at",
    asked: { workspace_id: workspace, moment: new Date(Date.now() + 60_000) },
    key: "id",
    make: (sql) =>
      sql`
      insert into public.memories (workspace_id, user_id, content)
      select ${workspace}, ${owner.id}, 'Statement ' || n
      from generate_series(1, ${count}::integer) as n`,
  },
  {
    name: "my_agents",
    asked: {},
    key: "id",
    make: (sql) =>
      sql`
      insert into public.agents (workspace_id, slug, name, endpoint_url, status)
      select ${workspace}, 'many-' || n, 'Agent ' || n,
        ${`http://agent.${world.namespace}.svc.cluster.local/`}, 'published'
      from generate_series(1, ${count - 1}::integer) as n`,
  },
];

/** Reads all of it as a client does that looks at `total`. */
async function readAll({ name, asked }: Case) {
  const rows: Record<string, unknown>[] = [];
  const sizes: number[] = [];
  for (let total = 1; rows.length < total;) {
    const { data, error } = await person.rpc(name, asked).range(rows.length, rows.length + 999);
    if (error) throw error;
    assert(data.length > 0, "a page has rows");
    total = data[0].total;
    sizes.push(data.length);
    rows.push(...data);
  }
  return { rows, sizes };
}

for (const one of cases) {
  Deno.test(`${one.name} tells how many rows there are, and range reads the others`, async () => {
    await sql.begin(async (sql) => {
      // Without triggers: thousands of embeddings to come are not what this is about.
      await sql`select set_config('session_replication_role', 'replica', true)`;
      await one.make(sql);
    });
    const { data, error } = await person.rpc(one.name, one.asked);
    if (error) throw error;
    assertEquals(data.length, 1000, "the Data API cuts the answer");
    assertEquals(data[0].total, count, "and it says of how many");
    const { rows, sizes } = await readAll(one);
    assertEquals(sizes.join(" "), `1000 ${count - 1000}`);
    assertEquals(new Set(rows.map((row) => row[one.key])).size, count, "each once");
  });
}
