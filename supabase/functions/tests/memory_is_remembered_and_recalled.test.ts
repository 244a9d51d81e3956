import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { app as memory } from "../memory/index.ts";
import { pauseEmbedding } from "./embedding-world.ts";
import { ask, connect, createWorld, type Said, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member, guest, owner, outsider } = world;
const resumeEmbedding = await pauseEmbedding(sql);
Deno.test.afterAll(async () => {
  await resumeEmbedding();
  await sql.end();
});

const say = (content: string, changes: Record<string, unknown> = {}) => ({
  workspace_id: workspace,
  content,
  ...changes,
});
const recall = async (query: string, as: Said["as"], changes: Record<string, unknown> = {}) =>
  (await ask("POST", "/memory/search", {
    as,
    body: { workspace_id: workspace, query, ...changes },
  })).body.memories?.map((one: { content: string }) => one.content);

Deno.test("a person remembers, says it again, and recalls it; a guest too", async () => {
  for (const as of [member, guest]) {
    const first = await ask("POST", "/memory", { as, body: say("Plays the violin in a quartet.") });
    assertDeepEquals([first.status, first.body.outcome], [201, "added"]);
    const again = await ask("POST", "/memory", {
      as,
      body: say("plays the violin in a quartet", { source_message_id: crypto.randomUUID() }),
    });
    assertDeepEquals(again.body, { id: first.body.id, outcome: "confirmed" });
    assertEquals(again.status, 200);
    assertDeepEquals(await recall("violin quartet", as), ["Plays the violin in a quartet."]);
  }
  await sql`select private.count_recalls()`;
  const [row] = await sql`
    select embedding_model, confirmations, recalled_count from public.memories where user_id = ${member.id}`;
  assertDeepEquals({ ...row }, {
    embedding_model: "local-feature-hashing-384",
    confirmations: 1,
    recalled_count: 1,
  });
});

Deno.test("nobody recalls or forgets another's, and outside there is nothing", async () => {
  assertDeepEquals(await recall("violin", owner), []);
  const [mine] = await sql`select id from public.memories where user_id = ${member.id}`;
  const refused = await ask("DELETE", `/memory/${mine?.id}`, { as: owner });
  assertDeepEquals([refused.status, refused.body.error.code], [404, "not_found"]);
  for (
    const [path, body] of [["/memory", say("x")], ["/memory/search", { workspace_id: workspace }]]
  ) {
    assertEquals((await ask("POST", String(path), { as: outsider, body })).status, 404);
  }
});

Deno.test("the service remembers and recalls for the person that it names", async () => {
  const body = say("Prefers trains to planes.", { user_id: member.id, category: "preference" });
  assertEquals((await ask("POST", "/memory", { as: "service", body })).status, 201);
  assertDeepEquals(await recall("trains", "service", { user_id: member.id, limit: 1 }), [
    "Prefers trains to planes.",
  ]);
  const stranger = await ask("POST", "/memory", {
    as: "service",
    body: say("x", { user_id: outsider.id }),
  });
  assertEquals(stranger.status, 404);
});

Deno.test("what was recalled is not remembered again", async () => {
  const refused = await ask("POST", "/memory", {
    as: member,
    body: say("Prefers trains to planes.", { source_kind: "assistant_message" }),
  });
  assertDeepEquals([refused.status, refused.body.error.code], [422, "memory_feedback"]);
  const recited = await ask("POST", "/memory", {
    as: member,
    body: say("Anything.", { source_kind: "recalled" }),
  });
  assertEquals(recited.body.error.code, "memory_feedback");
});

Deno.test("a contradiction supersedes, and forgetting takes both", async () => {
  const first = await ask("POST", "/memory", {
    as: member,
    body: say("Works in Lisbon.", { subject: "office" }),
  });
  const second = await ask("POST", "/memory", {
    as: member,
    body: say("Works in Porto.", { subject: "office" }),
  });
  assertEquals(second.body.outcome, "superseded");
  assert(!(await recall("Lisbon", member)).includes("Works in Lisbon."));
  const gone = await ask("DELETE", `/memory/${second.body.id}`, { as: member });
  assertDeepEquals([gone.status, gone.body], [200, { forgotten: 2 }]);
  const again = await ask("DELETE", `/memory/${first.body.id}`, { as: member });
  assertEquals(again.status, 404);
});

Deno.test({
  name: "while the embedder is away, words still work, and the embedding is made later",
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    await using isolate = startIsolate({
      embedder: {
        kind: "endpoint",
        endpoint: { url: "http://127.0.0.1:9/v1", key: null, model: "away" },
      },
    });
    const said = await isolate.ask(memory, "POST", "/memory", {
      as: member,
      body: say("Keeps bees on the roof."),
    });
    assertEquals(said.status, 201);
    const found = await isolate.ask(memory, "POST", "/memory/search", {
      as: member,
      body: { workspace_id: workspace, query: "bees" },
    });
    assertEquals(found.body.by_meaning, false);
    assertEquals(found.body.memories[0].content, "Keeps bees on the roof.");
    const [job] = await sql`
      select status from public.embedding_jobs where target_id = ${said.body.id}`;
    assertEquals(job?.status, "pending");
  },
});
