/** mem0 as it is published, on the table that docs/knowledge.md gives for it, and on the name that it has by itself. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { connect, environment } from "./world.ts";

const folder = new URL("./clients/mem0/", import.meta.url);
const page = await Deno.readTextFile(new URL("../../../docs/knowledge.md", import.meta.url));

/** The embeddings of an OpenAI: a direction for what is said of travel, another for the rest. */
function serveEmbeddings() {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { input } = await request.json() as { input: string | string[] };
    const data = [input].flat().map((text, index) => ({
      index,
      embedding: Array.from(
        { length: 1536 },
        (_, at) => at === (/travel/i.test(text) ? 1 : 0) ? 1 : 0.001,
      ),
    }));
    return Response.json({ data, model: "m", usage: { prompt_tokens: 1, total_tokens: 1 } });
  });
}

async function remember(table: string, embedder: string, person: string): Promise<unknown> {
  const { code, stdout, stderr } = await new Deno.Command("node", {
    args: [
      "remember.mjs",
      environment.url,
      environment.secretKeys.default ?? "",
      embedder,
      table,
      person,
    ],
    cwd: folder,
    env: { MEM0_TELEMETRY: "false" },
  }).output();
  const said = new TextDecoder();
  assertEquals(code, 0, said.decode(stderr));
  return JSON.parse(said.decode(stdout));
}

Deno.test("mem0 remembers and finds in the table that our page gives, and says so on ours", async () => {
  const sql = connect();
  await using server = serveEmbeddings();
  const embedder = `http://127.0.0.1:${server.addr.port}/v1`;
  const [script] = /create table public\.mem0_memories[^`]*/.exec(page) ?? [];
  assert(script, "the page has a table for mem0");
  const undo =
    "drop function if exists public.match_vectors; drop table if exists public.mem0_memories";
  const person = crypto.randomUUID();
  const known = await sql`select count(*)::integer as memories from public.memories`;
  await sql.unsafe(`${undo}; ${script}; notify pgrst, 'reload schema'`);
  try {
    assertDeepEquals(await remember("mem0_memories", embedder, person), {
      nearest: ["Travels by train."],
      kept: ["Eats no meat.", "Travels by train."],
      one: "Travels by train.",
      left: ["Eats no meat."],
    });
    const { refused } = await remember("memories", embedder, person) as { refused?: string };
    assert(/the 'metadata' column of 'memories'/.test(refused ?? ""), refused);
    assertDeepEquals(
      [...await sql`select count(*)::integer as memories from public.memories`],
      [...known],
    );
  } finally {
    await sql.unsafe(`${undo}; notify pgrst, 'reload schema'`);
    await sql.end();
  }
});
