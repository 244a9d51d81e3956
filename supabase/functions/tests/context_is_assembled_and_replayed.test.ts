import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { ask, connect, createWorld, type Someone } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member, admin, outsider } = world;
Deno.test.afterAll(() => sql.end());

/** A conversation of so many messages, in turn of the person and the assistant. */
async function talk(owner: Someone, messages: number): Promise<string> {
  const id = crypto.randomUUID();
  await sql`
    insert into public.conversations (id, workspace_id, user_id)
    values (${id}, ${workspace}, ${owner.id})`;
  let parent: string | null = null;
  for (let n = 1; n <= messages; n++) {
    const message: string = crypto.randomUUID();
    await sql`
      insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts)
      values (${message}, ${workspace}, ${id}, ${owner.id}, ${parent}, ${
      n % 2 ? "user" : "assistant"
    }, ${sql.json([{ type: "text", text: `Message ${n}` }])})`;
    parent = message;
  }
  await sql`update public.conversations set active_message_id = ${parent} where id = ${id}`;
  return id;
}

Deno.test("a prompt is assembled for the owner and the service, and for nobody else", async () => {
  const id = await talk(member, 3);
  for (const as of [member, "service"] as const) {
    const { status, body } = await ask("GET", `/context/${id}?budget=1000`, { as });
    assertEquals(status, 200);
    assertDeepEquals(
      body.messages.map((one: { parts: { text: string }[] }) => one.parts[0]?.text),
      ["Message 1", "Message 2", "Message 3"],
    );
    assertEquals(body.budget, 1000);
    assertDeepEquals(body.left_out, []);
  }
  for (const as of [admin, outsider]) {
    assertEquals((await ask("GET", `/context/${id}`, { as })).status, 404);
  }
  assertEquals((await ask("GET", `/context/${id}`)).status, 401);
});

Deno.test("a prompt has what is known to the point, in whatever script it is asked", async () => {
  const known = [
    ["我去年搬到北京，住在朝阳区。", "我在北京住哪里？"],
    ["来週、東京タワーへ行きます。", "東京はいつ？"],
    ["저는 서울에서 태어났습니다.", "서울"],
    ["ฉันอาศัยอยู่ในกรุงเทพมหานคร", "กรุงเทพ"],
    ["Он купил новый самолёт.", "самолет"],
  ] as const;
  for (const [content] of known) {
    const { status } = await ask("POST", "/memory", {
      as: member,
      body: { workspace_id: workspace, content },
    });
    assertEquals(status, 201, content);
  }
  for (const [content, question] of known) {
    const id = await talk(member, 0);
    const [said] = await sql`
      select id from public.add_message(${id}, ${sql.json([{ type: "text", text: question }])})`;
    assert(said);
    const { body } = await ask("GET", `/context/${id}`, { as: member });
    const [, first] = body.messages.at(-1).content.split("\n");
    assertEquals(first, `- ${content}`, question);
  }
  await sql`delete from public.memories where workspace_id = ${workspace}`;
});

Deno.test("the prompt of a past answer is the one that it was given to", async () => {
  const id = await talk(member, 5);
  const prompt = (await ask("GET", `/context/${id}`, { as: "service" })).body;
  const { body: stream } = await ask("POST", "/streams", {
    as: "service",
    body: { conversation_id: id },
  });
  await ask("POST", `/streams/${stream.stream_id}/finish`, {
    as: "service",
    body: { message: { parts: [{ type: "text", text: "The answer" }] } },
  });
  const later = (await ask("GET", `/context/${id}`, { as: "service" })).body;
  assertEquals(later.messages.length, prompt.messages.length + 1);

  const found = await ask("GET", `/context/of/${stream.message_id}`, { as: member });
  assertEquals(found.body.record_id, prompt.record_id);
  assertDeepEquals(found.body.messages, prompt.messages);
  const replayed = await ask("GET", `/context/records/${prompt.record_id}`, { as: member });
  assertDeepEquals(replayed.body.messages, prompt.messages);
  const path = `/context/records/${prompt.record_id}`;
  assertEquals((await ask("GET", path, { as: admin })).status, 404);
  assertEquals(
    (await ask("GET", `/context/of/${stream.message_id}`, { as: outsider })).status,
    404,
  );

  await sql`update public.conversations set deleted_at = now() where id = ${id}`;
  for (const as of [member, "service"] as const) {
    for (const hidden of [path, `/context/of/${stream.message_id}`, `/context/${id}`]) {
      assertEquals((await ask("GET", hidden, { as })).status, 404, "deleted, it has no prompts");
    }
  }
});

Deno.test("a budget that the newest message does not fit into is refused with the tokens needed", async () => {
  const id = await talk(member, 1);
  await sql`
    update public.messages set token_count = 500 where conversation_id = ${id}`;
  const { status, body } = await ask("GET", `/context/${id}?budget=100`, { as: member });
  assertEquals(status, 422);
  assertEquals(body.error.code, "budget_too_small");
  assertEquals(body.error.hint, "500");
  assertEquals((await ask("GET", `/context/${id}?budget=99`, { as: member })).status, 400);
  assertEquals((await ask("GET", `/context/records/x`, { as: member })).status, 400);
});
