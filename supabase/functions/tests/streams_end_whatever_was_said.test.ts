/** Whatever a writer sends, a stream can be finished; whoever reads it can stop it, with the fast memory gone too. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { app as streams } from "../streams/index.ts";
import { stopOf } from "../streams/stream-store.ts";
import { ask, connect, createWorld, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member, admin } = world;
Deno.test.afterAll(() => sql.end());

async function openStream(more: Record<string, unknown> = {}) {
  const conversation = crypto.randomUUID();
  await sql`
    insert into public.conversations (id, workspace_id, user_id)
    values (${conversation}, ${workspace}, ${member.id})`;
  const { status, body } = await ask("POST", "/streams", {
    as: "service",
    body: { conversation_id: conversation, ...more },
  });
  assertEquals(status, 201, JSON.stringify(body));
  return body as { stream_id: string; message_id: string; client_id: string | null };
}
const finish = (id: string, body: unknown) =>
  ask("POST", `/streams/${id}/finish`, { as: "service", body });
const text = (said: string) => [{ type: "text", text: said }];

const unstorable: [string, unknown, string][] = [
  ["1.1 MB of text", { parts: text("word ".repeat(220_000)) }, "message.parts"],
  [
    "100 KB of metadata",
    { parts: text("a"), metadata: { a: "x".repeat(100_000) } },
    "message.metadata",
  ],
  ["a type with a line end", { parts: [{ type: "te\nxt" }] }, "message.parts"],
  ["a type of 101 characters", { parts: [{ type: "x".repeat(101) }] }, "message.parts"],
  ["a part that is no object", { parts: ["a"] }, "message.parts"],
  ["no part", { parts: [] }, "message.parts"],
  ["1,001 parts", { parts: text("a").concat(Array(1000).fill(text("b")[0])) }, "message.parts"],
  ["a NUL", { parts: text("a\0b") }, "message.parts"],
  ["half a character", { parts: text("a\ud800") }, "message.parts"],
  ["metadata that is a list", { parts: text("a"), metadata: [] }, "message.metadata"],
  ["less than no tokens", { parts: text("a"), token_count: -1 }, "message.token_count"],
];

Deno.test("an answer that cannot be stored is refused by its field, and the stream can still be finished", async () => {
  const { stream_id: id, message_id } = await openStream();
  for (const [what, message, field] of unstorable) {
    const { status, body } = await finish(id, { message });
    assert(status === 400 || status === 413, `${what}: ${status} ${JSON.stringify(body)}`);
    if (status === 400) {
      assert(body.error.message.startsWith(field), `${what}: ${body.error.message}`);
    }
  }
  const { status, body } = await finish(id, { message: { parts: text("At last") } });
  assertEquals(status, 200);
  assertEquals(body.status, "finished");
  const [kept] = await sql`
    select parts -> 0 ->> 'text' as text from public.messages where id = ${message_id}`;
  assertEquals(kept?.text, "At last");
});

const unsayable: [string, unknown[], string][] = [
  ["a NUL", ["ok", "a\0b"], "chunks[1]"],
  ["the first half of a character that was cut", ["\ud83d"], "chunks[0]"],
  ["its second half", ["ok", "ok", "\ude00"], "chunks[2]"],
  ["a piece that is no text", ["ok", 1], "chunks[1]"],
  ["a piece that is nothing", [null], "chunks[0]"],
  ["a piece of 17 KB", ["x".repeat(16_385)], "chunks[0]"],
  ["no piece", [], "chunks"],
];

Deno.test("a piece that cannot be kept is refused by its place, and nothing of its batch is half said", async () => {
  const { stream_id: id } = await openStream();
  const say = (from: number, chunks: unknown[]) =>
    ask("POST", `/streams/${id}/chunks`, { as: "service", body: { from, chunks } });
  assertDeepEquals((await say(0, ["a"])).body, { next: 1 });
  for (const [what, chunks, field] of unsayable) {
    const { status, body } = await say(1, chunks);
    assertEquals(`${status} ${body.error?.code}`, "400 invalid_body", what);
    assert(body.error.message.startsWith(`${field}: `), `${what}: ${body.error.message}`);
  }
  // Whole, it is said, at the place where its parts were refused.
  assertDeepEquals((await say(1, ["\u{1f600}"])).body, { next: 2 });
  const ended = await finish(id, { message: { parts: text("a\u{1f600}") } });
  assertEquals(ended.body.status, "finished");
});

Deno.test("the id of an answer on its way is nobody's to take: elsewhere it is a name of another", async () => {
  const { stream_id: id, message_id } = await openStream();
  const elsewhere = await openStream({ message_id });
  assertEquals(elsewhere.client_id, message_id);
  assert(elsewhere.message_id !== message_id, "it is another message");
  const first = await finish(elsewhere.stream_id, { message: { parts: text("First") } });
  const second = await finish(id, { message: { parts: text("Second") } });
  assertEquals([first.status, second.status].join(" "), "200 200");
  const said = await sql`
    select parts -> 0 ->> 'text' as text from public.messages where id = ${message_id}`;
  assertEquals(said[0]?.text, "Second");
});

Deno.test("an id that a message has already is refused when the stream is opened", async () => {
  const { stream_id: id, message_id } = await openStream();
  await finish(id, { message: { parts: text("First") } });
  const [talk] = await sql`
    select conversation_id, parent_id from public.messages where id = ${message_id}`;
  const user = await sql`
    select id from public.add_message(${talk?.conversation_id}, ${sql.json(text("Hi"))})`;
  for (const other of [user[0]?.id, message_id]) {
    const { status, body } = await ask("POST", "/streams", {
      as: "service",
      body: { conversation_id: talk?.conversation_id, message_id: other, parent_id: user[0]?.id },
    });
    assertEquals([status, body.error?.code].join(" "), "409 message_id_reused");
  }
});

Deno.test("an answer has the id that its client gave it", async () => {
  const { stream_id: id, message_id, client_id } = await openStream({ message_id: "msg_q1" });
  assertEquals(client_id, "msg_q1");
  await finish(id, { message: { parts: text("Hi") } });
  const [kept] = await sql`select client_id from public.messages where id = ${message_id}`;
  assertEquals(kept?.client_id, "msg_q1");
});

Deno.test("a stop reaches the writer with its next chunk, also when the fast memory has lost it", async () => {
  const { stream_id: id, message_id } = await openStream();
  await using isolate = startIsolate();
  const say = async (from: number) =>
    (await isolate.ask(streams, "POST", `/streams/${id}/chunks`, {
      as: "service",
      body: { from, chunks: ["a"] },
    })).body;
  assertDeepEquals(await say(0), { next: 1 });
  for (const as of [admin, world.outsider]) {
    assertEquals((await ask("POST", `/streams/${id}/stop`, { as })).status, 404);
  }
  const asked = await ask("POST", `/streams/${id}/stop`, { as: member });
  assertEquals(asked.body.status, "open");
  assertDeepEquals(await say(1), { next: 2, stop: true });
  await isolate.services.scratchpad.use((pad) => pad.remove([stopOf(id)]));
  const waited = await ask("GET", `/streams/${id}/stop?wait=0`, { as: "service" });
  assertDeepEquals(waited.body, { stop: true });
  // What the isolate believes of the row it believes for two seconds.
  for (let from = 2;; from++) {
    if ((await say(from)).stop) break;
    assert(from < 100, "the writer never hears of it");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { body } = await finish(id, { message: { parts: text("aaa") } });
  assertEquals(body.status, "stopped");
  const [kept] = await sql`
    select metadata ->> 'stopped' as stopped from public.messages where id = ${message_id}`;
  assertEquals(kept?.stopped, "true");
  assertEquals((await ask("POST", `/streams/${id}/stop`, { as: member })).body.status, "stopped");
});

Deno.test("who reads along hears that an answer was stopped", async () => {
  const { stream_id: id } = await openStream();
  await ask("POST", `/streams/${id}/stop`, { as: member });
  await finish(id, { message: { parts: text("so far") } });
  const [ended] = await sql`select status, error from public.streams where id = ${id}`;
  assertDeepEquals({ ...ended }, { status: "stopped", error: null });
});
