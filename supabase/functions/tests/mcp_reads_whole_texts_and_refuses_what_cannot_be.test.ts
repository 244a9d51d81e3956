/** What clients of MCP may send: letters of all languages, what nothing can store, many calls at once. */
import { serve } from "../_shared/http/app.ts";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { rateLimitDefaults } from "../_shared/rate-limits.ts";
import { app } from "../mcp/index.ts";
import { addConsent, addCredential, asAgent } from "./agent-tokens.ts";
import { connect, createWorld, environment, type Someone, startIsolate } from "./world.ts";

const sql = connect();
const { agent, workspace, member } = await createWorld(sql);
const scopes = ["knowledge:read", "knowledge:write", "conversations:read", "memory:read"];
await sql`
  insert into public.permissions (user_id, agent_id, workspace_id) values (${member.id}, ${agent}, ${workspace})`;
await addConsent(sql, agent, member.id, scopes);
const credential = await addCredential(sql, agent, scopes);
const holds = (given: string[]) => asAgent(agent, credential, given, member.id, workspace);
const delegate = await holds(scopes);
Deno.test.afterAll(() => sql.end());

// deno-lint-ignore no-explicit-any -- results are of every shape
type Any = any;
const headersOf = (as: Someone) => ({
  authorization: `Bearer ${as.token}`,
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
});
const message = (method: string, params: object, id = 1) => ({
  jsonrpc: "2.0",
  id,
  method,
  params,
});

/** What a request is answered, once its events are read. */
async function send(method: string, params: object, as = delegate): Promise<Any> {
  const response = await fetch(`${environment.url}/functions/v1/mcp`, {
    method: "POST",
    headers: headersOf(as),
    body: JSON.stringify(message(method, params)),
  });
  const [, data] = /^data: (.*)$/m.exec(await response.text()) ?? [];
  const challenge = response.headers.get("www-authenticate");
  return { status: response.status, challenge, ...JSON.parse(data ?? "{}") };
}
/** A tool's result, or what it refused. */
async function call(name: string, args: object, as = delegate): Promise<Any> {
  const { result } = await send("tools/call", { name, arguments: args }, as);
  return result.isError ? result.content[0].text : result.structuredContent;
}
const refusal = (text: string) => JSON.parse(text).error;

Deno.test("a document is read whole in pieces, whatever its letters", async () => {
  const content = "😀ä".repeat(12_000) + "end";
  const [{ id } = { id: "" }] = await sql<{ id: string }[]>`
    insert into public.documents (workspace_id, path, name, content)
    values (${workspace}, 'letters', 'Letters', ${content}) returning id`;
  let [read, offset] = ["", 0];
  for (let pieces = 0; offset !== null && pieces < 10; pieces++) {
    const piece = await call("read_document", { id, offset });
    read += piece.content;
    offset = piece.next_offset;
  }
  assert(read === content, `${read.length} of ${content.length}`);
  assertDeepEquals(
    await call("read_document", { id, offset: 1_000_000 }).then((last) => last.content),
    "",
  );
  for (const beyond of [1_000_001, 2_147_483_647, Number.MAX_SAFE_INTEGER]) {
    assert(/offset: /.test(await call("read_document", { id, offset: beyond })), `${beyond}`);
  }
});

Deno.test("what cannot be stored is refused by its name, and what is only odd is kept", async () => {
  const talk = crypto.randomUUID();
  await sql`
    insert into public.conversations (id, workspace_id, user_id, agent_id)
    values (${talk}, ${workspace}, ${member.id}, ${agent})`;
  const refused: [string, object, string, Someone][] = [];
  for (const odd of ["a\0", "a\ud800"]) {
    refused.push(
      ["put_document", { path: "odd", content: odd }, "content: ", delegate],
      ["put_document", { path: odd, content: "x" }, "path: ", delegate],
      ["put_document", { path: "odd", name: odd, content: "x" }, "name: ", delegate],
      ["ask_in_background", { conversation_id: talk, type: odd }, "type: ", member],
      [
        "ask_in_background",
        { conversation_id: talk, type: "t", input: { a: [odd] } },
        "input.a[0]: ",
        member,
      ],
    );
  }
  for (const [name, args, place, as] of refused) {
    const { code, message } = refusal(await call(name, args, as));
    assertEquals(code, "invalid_body", `${name} ${JSON.stringify(args)}`);
    assert(message.startsWith(place), message);
  }
  const put = await call("put_document", { path: "odd", name: "\x01", content: "\x01😀" });
  assertEquals(put.is_new, true);
  const asked = await call("ask_in_background", {
    conversation_id: talk,
    type: "t",
    input: { a: "\x01" },
  }, member);
  assert(asked.id > 0);
});

Deno.test("a path with letters of another language is listed as a URI, and read", async () => {
  await sql`
    insert into public.documents (workspace_id, path, name, content)
    values (${workspace}, 'ärger.größe', 'Size', 'Large')`;
  const { result } = await send("resources/list", {});
  const { uri } = result.resources.find(({ title }: { title: string }) => title === "Size");
  assert(/^[\x21-\x7e]+$/.test(uri), uri);
  const place = `groundwork://documents/${workspace}`;
  const read = async (named: string) =>
    (await send("resources/read", { uri: named })).result?.contents[0].text;
  assertDeepEquals([await read(uri), await read(`${place}/shared/ärger.größe`)], [
    "Large",
    "Large",
  ]);
  for (const tail of ["own/odd", "other/odd", "shared/%00", "shared/%ff", "shared/%C3%A4rger"]) {
    const { error } = await send("resources/read", { uri: `${place}/${tail}` });
    assertEquals(error?.code, -32602, tail);
  }
  assertEquals((await send("resources/list", { cursor: "none" })).error?.code, -32602);
});

Deno.test("an agent that lacks what a prompt takes is asked to come back with all of it", async () => {
  const prompt = { name: "context", arguments: { conversation_id: crypto.randomUUID() } };
  for (const given of ["memory:read", "conversations:read"]) {
    const { status, challenge } = await send("prompts/get", prompt, await holds([given]));
    assertEquals(status, 403);
    assert(challenge?.includes('scope="conversations:read memory:read"'), challenge);
  }
  // With all of it, it is told in our words what is wrong.
  const { status, error } = await send("prompts/get", prompt);
  assertDeepEquals([status, error.code, error.data.error.code], [200, -32602, "not_found"]);
});

Deno.test("calls that come together are counted one by one, each in its class", async () => {
  await using isolate = startIsolate({ rateLimits: { ...rateLimitDefaults, write: 3 } });
  const puts = Array.from(
    { length: 5 },
    (_, n) =>
      message(
        "tools/call",
        { name: "put_document", arguments: { path: `b${n}`, content: "x" } },
        n,
      ),
  );
  const response = await serve(app, () => isolate.services).fetch(
    new Request(`${environment.url}/mcp`, {
      method: "POST",
      headers: headersOf(delegate),
      body: JSON.stringify(puts),
    }),
  );
  const text = await response.text();
  assertDeepEquals([text.split("is_new\\").length - 1, text.split("rate_limited\\").length - 1], [
    3,
    2,
  ], text);
});
