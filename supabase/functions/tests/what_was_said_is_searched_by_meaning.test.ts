import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { pauseEmbedding } from "./embedding-world.ts";
import { ask, connect, createWorld, type Said } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member, guest, outsider } = world;
const resumeEmbedding = await pauseEmbedding(sql);
Deno.test.afterAll(async () => {
  await resumeEmbedding();
  await sql.end();
});

const search = (as: Said["as"], changes: Record<string, unknown> = {}) =>
  ask("POST", "/context/search", {
    as,
    body: { workspace_id: workspace, query: "refunding invoices", ...changes },
  });

async function say(talk: string, text: string): Promise<void> {
  await sql`select public.add_message(${talk}, ${sql.json([{ type: "text", text }])})`;
}

async function addTalk(user: string, title: string): Promise<string> {
  const [talk] = await sql<{ id: string }[]>`
    insert into public.conversations (workspace_id, user_id, title)
    values (${workspace}, ${user}, ${title}) returning id`;
  return talk!.id;
}

Deno.test("messages are found by words, and by meaning once their workspace chose so", async () => {
  const talk = await addTalk(member.id, "Money");
  // The local model knows parts of words: "invoic" and "refund" stand in other words of these.
  await say(talk, "Preinvoicing and nonrefundable fees were discussed.");
  await say(talk, "The weather is fine.");
  const first = await search(member);
  assertDeepEquals([first.status, first.body.messages, first.body.by_meaning], [200, [], true]);
  const byWords = await search(member, { query: "weather" });
  assertDeepEquals(byWords.body.messages.map((one: { passage: string }) => one.passage), [
    "The weather is fine.",
  ]);
  await sql`update public.workspaces set embeds_messages = true where id = ${workspace}`;
  for (let embedded = 0; embedded < 2;) {
    const { body } = await ask("POST", "/embed", { as: "service", body: {} });
    assert(body.embedded > 0, JSON.stringify(body));
    const [row] = await sql<{ n: number }[]>`
      select count(embedding)::integer as n from private.message_vectors
      where workspace_id = ${workspace}`;
    embedded = row!.n;
  }
  const { body: { messages: [found] } } = await search(member);
  assertDeepEquals([found.passage, found.conversation_id, found.title, found.role], [
    "Preinvoicing and nonrefundable fees were discussed.",
    talk,
    "Money",
    "user",
  ]);
  assertEquals(found.after.text, "The weather is fine.");
  assert(found.similarity > 0.1, String(found.similarity));
});

Deno.test("each finds what they may read, and within what they name", async () => {
  assertDeepEquals((await search(guest)).body.messages, []);
  assertEquals((await search(outsider)).status, 404);
  assertEquals((await search(outsider)).body.error.code, "not_found");
  const other = await addTalk(member.id, "Other");
  assertDeepEquals((await search(member, { conversations: [other] })).body.messages, []);
  assertDeepEquals((await search(member, { until: "2020-01-01T00:00:00Z" })).body.messages, []);
  const since = await search(member, { since: "2020-01-01T00:00:00Z", limit: 1 });
  assertEquals(since.body.messages.length, 1);
});

Deno.test("what cannot be asked is refused, and names the field", async () => {
  for (
    const [field, value] of Object.entries({
      query: " ",
      workspace_id: "x",
      conversations: [],
      agent_id: "x",
      folder_id: 1,
      since: "yesterday",
      until: "2020-01-01",
      limit: 101,
      other: 1,
    })
  ) {
    const { status, body } = await search(member, { [field]: value });
    assertDeepEquals([status, body.error.code], [400, "invalid_body"], field);
    assert(JSON.stringify(body.error).includes(field), field);
  }
  assertEquals((await search("service")).status, 401);
});
