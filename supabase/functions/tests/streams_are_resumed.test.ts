import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { serve } from "../_shared/http/app.ts";
import { app as streams } from "../streams/index.ts";
import { chunksOf } from "../streams/stream-store.ts";
import { ask, connect, createWorld, environment, type Someone, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member, admin, outsider } = world;
Deno.test.afterAll(() => sql.end());

async function openConversation(owner: Someone = member): Promise<string> {
  const id = crypto.randomUUID();
  await sql`
    insert into public.conversations (id, workspace_id, user_id)
    values (${id}, ${workspace}, ${owner.id})`;
  return id;
}

async function openStream(more: Record<string, string> = {}) {
  const { status, body } = await ask("POST", "/streams", {
    as: "service",
    body: { conversation_id: await openConversation(), ...more },
  });
  assertEquals(status, 201);
  return body as { stream_id: string; message_id: string; conversation_id: string };
}

const say = (id: string, from: number, chunks: string[]) =>
  ask("POST", `/streams/${id}/chunks`, { as: "service", body: { from, chunks } });
const finish = (id: string, text: string, more: Record<string, unknown> = {}) =>
  ask("POST", `/streams/${id}/finish`, {
    as: "service",
    body: { message: { parts: [{ type: "text", text }] }, ...more },
  });

interface Heard {
  id?: number;
  event: string;
  data: string;
}

/** Reads events until `enough` says so, or the stream ends. */
async function listen(
  id: string,
  { as = member, lastEventId, enough = () => false }: {
    as?: Someone;
    lastEventId?: number;
    enough?: (heard: Heard[]) => boolean;
  } = {},
): Promise<Heard[]> {
  const response = await fetch(`${environment.url}/functions/v1/streams/${id}`, {
    headers: {
      authorization: `Bearer ${as.token}`,
      ...(lastEventId === undefined ? {} : { "last-event-id": String(lastEventId) }),
    },
    signal: AbortSignal.timeout(20_000), // an event that never comes is a failure, not a wait
  });
  assertEquals(response.status, 200);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert(reader);
  const heard: Heard[] = [];
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return heard;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n");
      const field = (name: string) =>
        lines.filter((line) => line.startsWith(`${name}: `)).map((line) =>
          line.slice(name.length + 2)
        );
      if (field("data").length === 0) continue;
      const [number] = field("id");
      heard.push({
        ...(number === undefined ? {} : { id: Number(number) }),
        event: field("event")[0] ?? "chunk",
        data: field("data").join("\n"),
      });
    }
    if (enough(heard)) {
      await reader.cancel();
      return heard;
    }
  }
}

const chunks = (heard: Heard[]) =>
  heard.filter(({ event }) => event === "chunk").map(({ data }) => data);

Deno.test("an answer is heard while it is said, in order, and is a message before its end is told", async () => {
  const { stream_id: id, message_id, conversation_id } = await openStream();
  const hearing = listen(id);
  assertDeepEquals((await say(id, 0, ["Hel", "lo"])).body, { next: 2 });
  assertDeepEquals((await say(id, 2, [", two\nlines"])).body, { next: 3 });
  assertEquals((await finish(id, "Hello, two\nlines")).body.status, "finished");
  const heard = await hearing;
  assertDeepEquals(chunks(heard), ["Hel", "lo", ", two\nlines"]);
  assertDeepEquals(heard.map((one) => one.id).slice(0, 3), [0, 1, 2]);
  assertDeepEquals(JSON.parse(heard.at(-1)?.data ?? ""), {
    status: "finished",
    message_id,
    error: null,
  });
  const [message] = await sql`
    select role, parts -> 0 ->> 'text' as text from public.messages where id = ${message_id}`;
  assertDeepEquals({ ...message }, { role: "assistant", text: "Hello, two\nlines" });
  const [talk] = await sql`
    select active_message_id from public.conversations where id = ${conversation_id}`;
  assertEquals(talk?.active_message_id, message_id);
});

Deno.test("whenever the fast memory hears of an end, the message is in Postgres", async () => {
  const { stream_id: id, message_id } = await openStream();
  await say(id, 0, ["a"]);
  await using isolate = startIsolate();
  const { scratchpad } = isolate.services;
  const seen: number[] = [];
  const watched: typeof scratchpad = {
    ...scratchpad,
    async use(work) {
      const [row] = await sql`
        select count(*)::integer as n from public.messages where id = ${message_id}`;
      seen.push(row?.n);
      return await scratchpad.use(work);
    },
  };
  const response = await serve(streams, () => ({ ...isolate.services, scratchpad: watched })).fetch(
    new Request(`${environment.url}/streams/${id}/finish`, {
      method: "POST",
      headers: {
        apikey: environment.secretKeys.default ?? "",
        "content-type": "application/json",
      },
      // With the number of chunks, or they would be counted first.
      body: JSON.stringify({ message: { parts: [{ type: "text", text: "a" }] }, chunks: 1 }),
    }),
  );
  assertEquals(response.status, 200, await response.text());
  assertDeepEquals(seen, [1]);
});

Deno.test("a reader who comes back goes on after the last event, without gaps or doubles", async () => {
  const { stream_id: id } = await openStream();
  await say(id, 0, ["a", "b", "c"]);
  const first = await listen(id, { enough: (heard) => chunks(heard).length >= 2 });
  const last = Math.min(first.findLast((one) => one.id !== undefined)?.id ?? 0, 1);
  await say(id, 3, ["d"]);
  await finish(id, "abcd");
  const second = await listen(id, { lastEventId: last });
  assertEquals(["a", "b"].concat(chunks(second)).join(""), "abcd");
  assertEquals(second.some(({ event }) => event === "message"), false);
});

Deno.test("what is said twice is heard once, and a gap is refused with the number to go on with", async () => {
  const { stream_id: id } = await openStream();
  await say(id, 0, ["a", "b"]);
  assertDeepEquals((await say(id, 1, ["b", "c"])).body, { next: 3 });
  const gap = await say(id, 5, ["f"]);
  assertEquals(gap.status, 409);
  assertEquals(gap.body.error.code, "stream_gap");
  assertEquals(gap.body.error.hint, "3");
  await finish(id, "abc");
  assertDeepEquals(chunks(await listen(id)), ["a", "b", "c"]);
});

Deno.test("chunks that the fast memory lost are asked for again; a late reader is given the message", async () => {
  const { stream_id: id, message_id } = await openStream();
  await say(id, 0, ["a", "b", "c"]);
  await using isolate = startIsolate();
  const forget = () => isolate.services.scratchpad.use((pad) => pad.expireChunks(chunksOf(id), 0));
  await forget();
  const gap = await say(id, 3, ["d"]);
  assertEquals(gap.body.error.hint, "0");
  assertDeepEquals((await say(id, 0, ["a", "b", "c", "d"])).body, { next: 4 });
  await finish(id, "abcd");
  await forget();
  const heard = await listen(id, { lastEventId: 1 });
  assertDeepEquals(chunks(heard), []);
  const message = heard.find(({ event }) => event === "message");
  assertDeepEquals(JSON.parse(message?.data ?? "{}").id, message_id);
  assertEquals(JSON.parse(message?.data ?? "{}").parts[0].text, "abcd");
  assertEquals(heard.at(-1)?.event, "end");
});

Deno.test("what the fast memory lost just before the end is in the message that its readers are given", async () => {
  await using isolate = startIsolate();
  for (const kept of [[], ["a", "b"]]) {
    const { stream_id: id } = await openStream();
    await say(id, 0, ["a", "b", "c", "d"]);
    // Emptied, or back with an older list: nothing is appended any more that could meet the gap.
    await isolate.services.scratchpad.use(async (pad) => {
      await pad.expireChunks(chunksOf(id), 0);
      if (kept.length > 0) await pad.append(chunksOf(id), 0, kept, 600);
    });
    await finish(id, "abcd", { chunks: 4 });
    const heard = await listen(id);
    assertDeepEquals(chunks(heard), kept);
    const message = heard.find(({ event }) => event === "message");
    assertEquals(JSON.parse(message?.data ?? "{}").parts?.[0].text, "abcd");
  }
  // Also where nobody says how many there were, a reader who has heard nothing is given all.
  const { stream_id: id } = await openStream();
  await finish(id, "abcd");
  assertEquals((await listen(id)).map(({ event }) => event).join(), "message,end");
});

Deno.test("another function goes on where the first was killed, also without Redis", async () => {
  const { stream_id: id } = await openStream();
  {
    await using first = startIsolate();
    await first.ask(streams, "POST", `/streams/${id}/chunks`, {
      as: "service",
      body: { from: 0, chunks: ["a", "b"] },
    });
  }
  await using second = startIsolate({ redis: null });
  const goOn = (from: number, said: string[]) =>
    second.ask(streams, "POST", `/streams/${id}/chunks`, {
      as: "service",
      body: { from, chunks: said },
    });
  const answered = await goOn(2, ["c"]);
  // Where the first one spoke to Redis, the second has nothing and says so.
  if (answered.status === 409) {
    assertEquals(answered.body.error.hint, "0");
    assertDeepEquals((await goOn(0, ["a", "b", "c"])).body, { next: 3 });
  } else assertDeepEquals(answered.body, { next: 3 });
});

Deno.test("an answer that broke off is kept as far as it came, and its readers hear why", async () => {
  const { stream_id: id, message_id } = await openStream();
  await say(id, 0, ["a"]);
  const ended = await ask("POST", `/streams/${id}/finish`, {
    as: "service",
    body: { error: "the model went away", message: { parts: [{ type: "text", text: "a" }] } },
  });
  assertEquals(ended.body.status, "failed");
  const heard = await listen(id);
  assertDeepEquals(JSON.parse(heard.at(-1)?.data ?? ""), {
    status: "failed",
    message_id,
    error: "the model went away",
  });
  assertEquals((await finish(id, "something else")).body.status, "failed");
  assertEquals((await say(id, 1, ["b"])).body.error.code, "stream_ended");
});

Deno.test("what an assistant says only the service says, and the owner of the conversation reads it", async () => {
  const { stream_id: id, message_id, conversation_id } = await openStream();
  const words = { message: { parts: [{ type: "text", text: "I owe you" }], token_count: 1 } };
  // The owner neither: a prompt takes what an assistant said for true.
  for (const as of [member, admin, outsider, undefined]) {
    for (
      const [path, body] of [
        ["/streams", { conversation_id }],
        [`/streams/${id}/chunks`, { from: 0, chunks: ["I owe you"] }],
        [`/streams/${id}/finish`, words],
      ] as const
    ) assertEquals((await ask("POST", path, { as, body })).status, 401, path);
  }
  assertEquals((await say(id, 0, ["a"])).status, 200);
  assertEquals((await finish(id, "a")).status, 200);
  const said = await sql`
    select role from public.messages where conversation_id = ${conversation_id}`;
  assertDeepEquals(said.map(({ role }) => role), ["assistant"]);
  assertEquals(chunks(await listen(id)).join(""), "a");
  for (const as of [admin, outsider]) {
    assertEquals((await ask("GET", `/streams/${id}`, { as })).status, 404);
  }
  assertEquals((await ask("GET", `/streams/${id}`)).status, 401);
  assert(message_id);
});

Deno.test("a deleted conversation's stream is gone", async () => {
  const { stream_id: id, conversation_id } = await openStream();
  await sql`update public.conversations set deleted_at = now() where id = ${conversation_id}`;
  assertEquals((await ask("GET", `/streams/${id}`, { as: member })).status, 404);
  assertEquals((await finish(id, "late")).status, 404);
});

Deno.test("a stream opened twice under one message id is one stream", async () => {
  const conversation_id = await openConversation();
  const body = { conversation_id, message_id: crypto.randomUUID() };
  const first = await ask("POST", "/streams", { as: "service", body });
  const second = await ask("POST", "/streams", { as: "service", body });
  assertEquals(first.body.stream_id, second.body.stream_id);
});
