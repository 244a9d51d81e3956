/** LangChain's own vector store, unchanged, as a member of a workspace. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { connect, createWorld, environment } from "./world.ts";

const folder = new URL("./clients/langchain/", import.meta.url);

Deno.test("LangChain's SupabaseVectorStore and its hybrid search add, replace, search and filter", async () => {
  const sql = connect();
  const { workspace, member } = await createWorld(sql);
  await createWorld(sql);
  const mark = crypto.randomUUID();
  const { code, stdout, stderr } = await new Deno.Command("node", {
    args: [
      "search.mjs",
      environment.url,
      environment.publishableKeys.default ?? "",
      member.token,
      mark,
    ],
    cwd: folder,
  }).output();
  const said = new TextDecoder();
  assertEquals(code, 0, said.decode(stderr));
  const { scored, refused, ...found } = JSON.parse(said.decode(stdout));
  assertDeepEquals(found, {
    ids: 3,
    nearest: [`${mark}: forty days of leave`],
    filtered: [`${mark}: pay day is the last`, `${mark}: travel by train`],
    retrieved: [`${mark}: travel by train`],
    diverse: 2,
    hybrid: [`${mark}: forty days of leave`, `${mark}: travel by train`],
  });
  const reasons = [
    /the 'embedding' column of 'documents'/,
    /expected 384 dimensions, not 1536/,
    /An embedding has 384 dimensions/,
  ];
  for (const [at, reason] of reasons.entries()) assert(reason.test(refused[at]), refused[at]);
  assertDeepEquals(scored[0].slice(0, 2), [`${mark}: forty days of leave`, "hr"]);
  assert(scored[0][2] > 0.99, String(scored[0][2]));
  const chunks = await sql`
    select c.ordinal, c.embedding_model, d.path::text, d.source_type
    from public.document_chunks as c join public.documents as d on d.id = c.document_id
    where c.workspace_id = ${workspace} order by c.ordinal`;
  assertDeepEquals(
    chunks.map((chunk) => ({ ...chunk })),
    [0, 1, 2].map((ordinal) => ({
      ordinal,
      embedding_model: "client",
      path: "imported",
      source_type: "imported",
    })),
  );
  await sql.end();
});
