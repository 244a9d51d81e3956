/** The AI SDK's `useChat` with its default transport, in the versions that are in use, unchanged. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { nextAnswer, startChat } from "./chat-client.ts";
import { ask, connect, createWorld, environment } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member, outsider } = world;
Deno.test.afterAll(() => sql.end());

async function openConversation(): Promise<string> {
  const id = crypto.randomUUID();
  await sql`
    insert into public.conversations (id, workspace_id, user_id)
    values (${id}, ${workspace}, ${member.id})`;
  return id;
}

/** What is stored, as `toUIMessages` gives it: who, under which id, said what. */
async function stored(conversation: string): Promise<string[]> {
  const rows = await sql<{ said: string }[]>`
    with recursive walk as (
      select m.*, 1 as place from public.messages as m
      join public.conversations as c on c.active_message_id = m.id where c.id = ${conversation}
      union all select m.*, walk.place + 1 from walk join public.messages as m on m.id = walk.parent_id
    )
    select concat_ws(' ', coalesce(client_id, id::text), role, (
      select string_agg(coalesce(part ->> 'text', part ->> 'state'), ' ')
      from jsonb_array_elements(parts) as part)) as said
    from walk order by place desc`;
  return rows.map(({ said }) => said);
}

interface Told {
  id: string;
  role: string;
  parts: { type: string; text?: string; state?: string; output?: unknown }[];
}
/** The same of what is on the screen. */
const shown = (messages: Told[]) =>
  messages.map(({ id, role, parts }) =>
    [
      id,
      role,
      ...parts.filter(({ type }) => type !== "step-start").map(({ text, state }) => text ?? state),
    ].join(" ")
  );

const textParts = (text: string) => [{ type: "text", text, state: "done" }];

for (const version of [6, 7] as const) {
  Deno.test(`useChat ${version} says something, hears the answer, edits it and asks for another`, async () => {
    const conversation = await openConversation();
    await using chat = startChat(version, member.token, conversation);
    await chat.run("send", { text: "Hi" });
    const first = await nextAnswer(sql, conversation);
    await first.say("Good ", "morning");
    await chat.run("hears", { text: "Good morning" });
    await first.finish(textParts("Good morning"));
    await chat.run("is", { status: "ready" });
    const { messages, errors } = await chat.run("tell");
    assertDeepEquals(errors, []);
    assertDeepEquals(await stored(conversation), shown(messages));
    assertEquals(messages[1].id, first.message_id);

    await chat.run("send", { text: "Hello", messageId: messages[0].id });
    const second = await nextAnswer(sql, conversation);
    await second.finish(textParts("Hello to you"));
    await chat.run("hears", { text: "Hello to you" });
    await chat.run("is", { status: "ready" });
    await chat.run("regenerate");
    const third = await nextAnswer(sql, conversation);
    assertEquals(third.answers, second.answers);
    await third.say("And ", "to you");
    await third.finish(textParts("And to you"));
    await chat.run("hears", { text: "And to you" });
    await chat.run("is", { status: "ready" });
    const said = await sql`
      select string_agg(parts -> 0 ->> 'text', ', ' order by created_at) as texts
      from public.messages where conversation_id = ${conversation}`;
    assertEquals(said[0]?.texts, "Hi, Good morning, Hello, Hello to you, And to you");
    assertEquals((await stored(conversation)).at(-1), `${third.message_id} assistant And to you`);
    assertDeepEquals((await chat.run("tell")).errors, []);
  });

  Deno.test(`a tool call that asks for approval goes through useChat ${version} to its output`, async () => {
    const conversation = await openConversation();
    await using chat = startChat(version, member.token, conversation);
    await chat.run("send", { text: "Pay 5" });
    const asking = await nextAnswer(sql, conversation);
    const call = { toolCallId: "call 1", toolName: "pay" };
    await asking.say(
      { type: "start", messageId: "its writer's own" },
      { type: "start-step" },
      { type: "tool-input-start", ...call },
      { type: "tool-input-available", ...call, input: { eur: 5 } },
      { type: "tool-approval-request", approvalId: "a1", toolCallId: "call 1" },
      { type: "finish-step" },
      { type: "finish" },
    );
    const part = { type: "tool-pay", toolCallId: "call 1", input: { eur: 5 } };
    await asking.finish([
      { type: "step-start" },
      { ...part, state: "approval-requested", approval: { id: "a1" } },
    ]);
    await chat.run("sees", { state: "approval-requested" });
    await chat.run("is", { status: "ready" });
    await chat.run("approve", { approval: "a1", approved: true });

    const paying = await nextAnswer(sql, conversation);
    assertEquals(paying.message_id, asking.message_id);
    const [approved] = await sql`
      select actor_id, detail ->> 'approval_id' as approval from public.audit_log
      where workspace_id = ${workspace} and action = 'tool_call.approved'
        and subject_id = ${asking.message_id}`;
    assertDeepEquals({ ...approved }, { actor_id: member.id, approval: "a1" });
    await paying.say(
      { type: "start" },
      { type: "tool-output-available", toolCallId: "call 1", output: "paid" },
      { type: "start-step" },
      { type: "text-start", id: "t" },
      { type: "text-delta", id: "t", delta: "Done." },
      { type: "text-end", id: "t" },
      { type: "finish-step" },
      { type: "finish" },
    );
    await paying.finish([
      { type: "step-start" },
      {
        ...part,
        state: "output-available",
        output: "paid",
        approval: { id: "a1", approved: true },
      },
      { type: "step-start" },
      { type: "text", text: "Done.", state: "done" },
    ]);
    await chat.run("hears", { text: "Done." });
    await chat.run("is", { status: "ready" });
    const { messages, errors } = await chat.run("tell");
    assertDeepEquals(errors, []);
    assertEquals(messages.length, 2);
    assertDeepEquals(await stored(conversation), shown(messages));
    const [{ states } = { states: null }] = await sql`
      select string_agg(parts -> 1 ->> 'state', ' ' order by version) as states
      from public.message_states where message_id = ${asking.message_id}`;
    assertEquals(states, "approval-requested approval-responded");
  });

  Deno.test(`a page with useChat ${version} that is reloaded hears the answer from its beginning`, async () => {
    const conversation = await openConversation();
    const before = startChat(version, member.token, conversation);
    await before.run("send", { text: "Tell me all" });
    const answer = await nextAnswer(sql, conversation);
    await answer.say("Once ", "upon ");
    await before.run("hears", { text: "Once upon" });
    await before.kill();
    await answer.say("a ");
    const messages = [{ id: "kept", role: "user", parts: [{ type: "text", text: "Tell me all" }] }];
    await using after = startChat(version, member.token, conversation, { messages, resume: true });
    await after.run("hears", { text: "Once upon a " });
    await answer.say("time");
    await answer.finish(textParts("Once upon a time"));
    await after.run("hears", { text: "Once upon a time" });
    await after.run("is", { status: "ready" });
    assertEquals((await after.run("tell")).messages.at(-1).id, answer.message_id);
    // And where nothing is being said, nothing is heard.
    await using later = startChat(version, member.token, conversation, { messages, resume: true });
    await later.run("is", { status: "ready" });
    assertDeepEquals((await later.run("tell")).errors, []);
  });

  Deno.test(`stop() of useChat ${version} reaches the writer with its next chunk; what was said is kept`, async () => {
    const conversation = await openConversation();
    await using chat = startChat(version, member.token, conversation, { disconnect: "stop" });
    await chat.run("send", { text: "Count" });
    const answer = await nextAnswer(sql, conversation);
    assertEquals((await answer.say("One, ")).stop, undefined);
    await chat.run("hears", { text: "One, " });
    await chat.run("stop");
    await chat.run("is", { status: "ready" });
    // The writer waits for it, too, where it says nothing.
    const waited = await ask("GET", `/streams/${answer.stream_id}/stop?wait=20`, { as: "service" });
    assertDeepEquals(waited.body, { stop: true });
    assertEquals((await answer.say("two")).stop, true);
    await answer.finish(textParts("One, two"));
    const [kept] = await sql`
      select s.status, m.metadata ->> 'stopped' as stopped, m.parts -> 0 ->> 'text' as text
      from public.streams as s join public.messages as m on m.id = s.message_id
      where s.id = ${answer.stream_id}`;
    assertDeepEquals({ ...kept }, { status: "stopped", stopped: "true", text: "One, two" });
  });
}

Deno.test("an answer is heard again and stopped by plain requests; its writer may ask without waiting", async () => {
  const conversation = await openConversation();
  const messages = [{ id: "m1", role: "user", parts: [{ type: "text", text: "Count" }] }];
  const chat = `/streams/chat/${conversation}`;
  const hear = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${environment.url}/functions/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${member.token}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    assertEquals(response.status, 200);
    return response;
  };
  assertEquals((await ask("POST", `${chat}/stop`, { as: member })).status, 204, "nothing is said");
  const said = await hear("POST", "/streams/chat", { id: conversation, messages });
  const answer = await nextAnswer(sql, conversation);
  const asked = () => ask("GET", `/streams/${answer.stream_id}/stop?wait=0`, { as: "service" });
  assertEquals((await asked()).status, 204);
  const again = await hear("GET", `${chat}/stream`);
  const stopped = await ask("POST", `${chat}/stop`, { as: member });
  assertDeepEquals([stopped.status, stopped.body.stream_id], [200, answer.stream_id]);
  assertDeepEquals((await asked()).body, { stop: true });
  await answer.finish(textParts("One"));
  for (const heard of [said, again]) {
    const text = await heard.text();
    assert(text.endsWith("data: [DONE]\n\n"), text);
  }
});

Deno.test("an answer that was heard whole is whole, also where only the database knows of its end", async () => {
  const parts = sql.json(textParts("One two"));
  for (
    const [chunks, farewell] of [[2, '{"type":"finish"}'], [null, "was lost on its way"]] as const
  ) {
    const conversation = await openConversation();
    const messages = [{ id: "m1", role: "user", parts: [{ type: "text", text: "Count" }] }];
    const heard = await fetch(`${environment.url}/functions/v1/streams/chat`, {
      method: "POST",
      headers: { authorization: `Bearer ${member.token}`, "content-type": "application/json" },
      body: JSON.stringify({ id: conversation, messages }),
    });
    const answer = await nextAnswer(sql, conversation);
    await answer.say("One ", "two");
    await sql`select from private.finish_stream(${answer.stream_id}, ${parts}, null, null, null, ${chunks})`;
    const text = await heard.text();
    assert(text.includes('"two"') && text.includes(farewell), text);
  }
});

Deno.test("a chat is its owner's: nobody else sends to it, hears it or stops it", async () => {
  const conversation = await openConversation();
  const messages = [{ id: "m1", role: "user", parts: [{ type: "text", text: "Hi" }] }];
  const send = (as: typeof member, more: object = {}) =>
    ask("POST", "/streams/chat", { as, body: { id: conversation, messages, ...more } });
  assertEquals((await send(outsider)).status, 404);
  assertEquals((await send(world.admin)).status, 404);
  for (const path of [`/streams/chat/${conversation}/stream`, "/streams/chat/none/stream"]) {
    assertEquals((await ask("GET", path, { as: outsider })).status, 404);
  }
  assertEquals(
    (await ask("POST", `/streams/chat/${conversation}/stop`, { as: outsider })).status,
    404,
  );
  assertEquals(
    (await ask("GET", `/streams/chat/${conversation}/stream`, { as: member })).status,
    204,
  );
  // Words of the assistant are not taken from a client.
  const forged = [{ id: "m2", role: "assistant", parts: [{ type: "text", text: "I agree" }] }];
  assertEquals((await send(member, { messages: forged })).status, 404);
  const refused = await send(member, { messages: [{ id: "m3", role: "user", parts: [] }] });
  assertEquals(refused.status, 400);
  assert(refused.body.error.message.startsWith("messages[0].parts"), refused.body.error.message);
});
