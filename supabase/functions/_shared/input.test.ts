import { z } from "zod";
import { assert, assertDeepEquals, assertEquals, assertRefused } from "./asserts.ts";
import { moment, readBody, readQuery, uuid, uuidParameter } from "./input.ts";

const schema = z.strictObject({
  agent_id: uuid,
  entries: z.array(z.strictObject({ action: z.string().max(5) })).optional(),
});
const id = "0B1F7C5E-1111-4222-8333-444455556666";

function post(body: BodyInit | null, type = "application/json"): Request {
  return new Request("http://x/", { method: "POST", body, headers: { "content-type": type } });
}

Deno.test("a body that breaks off is the sender's doing, whatever the runtime says of it", async () => {
  for (const failure of [new Deno.errors.BadResource("gone"), new TypeError("gone"), "gone"]) {
    let isFirst = true;
    const body = new ReadableStream({
      pull(controller) {
        if (isFirst) controller.enqueue(new TextEncoder().encode('{"agent_id":'));
        else controller.error(failure);
        isFirst = false;
      },
    });
    const headers = { "content-type": "application/json" };
    const request = new Request("http://x/", { method: "POST", body, headers });
    await assertRefused(() => readBody(request, schema), 400, "incomplete_body");
  }
});

Deno.test("a body that fits is read, and its UUIDs are in lower case", async () => {
  assertDeepEquals(await readBody(post(JSON.stringify({ agent_id: id })), schema), {
    agent_id: id.toLowerCase(),
  });
});

for (
  const [body, name] of [
    ['{"agent_id":"x"}', "agent_id"],
    ["{}", "agent_id"],
    [`{"agent_id":"${id}","colour":1}`, "colour"],
    [`{"agent_id":"${id}","entries":[{"action":"a"},{"action":"toolong"}]}`, "entries[1].action"],
    [`{"agent_id":"${id}","entries":[{"action":"a","by":1}]}`, "entries[0].by"],
    ["[]", "body"],
    ["null", "body"],
    [`{"agent_id":"${id}","\\u0000":1}`, "body"],
    [`{"agent_id":"\\ud800"}`, "agent_id"],
    [`{"agent_id":"${id}","entries":[{"action":"a"},{"action":"\\u0000"}]}`, "entries[1].action"],
    ["[".repeat(3000) + "]".repeat(3000), "body"],
  ] as const
) {
  Deno.test(`${body.slice(0, 120)} is refused, and the message begins with ${name}`, async () => {
    const error = await assertRefused(() => readBody(post(body), schema), 400, "invalid_body");
    assert(error.message.startsWith(`${name}: `), error.message);
  });
}

for (
  const [what, request, status, code] of [
    ["broken JSON", post("{"), 400, "invalid_json"],
    ["no body", post(null), 400, "invalid_json"],
    ["an empty body", post(""), 400, "invalid_json"],
    ["bytes that are not UTF-8", post(new Uint8Array([0x22, 0xff, 0x22])), 400, "invalid_json"],
    ["a form", post("a=1", "application/x-www-form-urlencoded"), 415, "unsupported_media_type"],
    ["JSON called text", post("{}", "text/plain"), 415, "unsupported_media_type"],
    ["JSON called nearly so", post("{}", "application/jsonp"), 415, "unsupported_media_type"],
    ["65 KiB", post(JSON.stringify("x".repeat(65 * 1024))), 413, "body_too_large"],
  ] as const
) {
  Deno.test(`${what} is refused with ${status} ${code}`, async () => {
    await assertRefused(() => readBody(request, schema), status, code);
  });
}

function bodyOf(parts: number, size: number) {
  let given = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (given >= parts) return controller.close();
      given += 1;
      controller.enqueue(new Uint8Array(size).fill(32));
    },
  });
  return { stream, given: () => given };
}

Deno.test("what is too large is heard out, so that its sender is answered, but not for ever", async () => {
  const tooLarge = (stream: ReadableStream) =>
    assertRefused(() => readBody(post(stream), schema, 10 * 1024), 413, "body_too_large");
  const { stream, given } = bodyOf(1000, 1024);
  await tooLarge(stream);
  assertEquals(given(), 1000);
  const endless = bodyOf(Infinity, 1024 * 1024);
  await tooLarge(endless.stream);
  assert(endless.given() < 20, `read ${endless.given()} MiB`);
});

Deno.test("a path parameter that is no UUID is a 400 and not a lookup", async () => {
  assertEquals(uuidParameter(id, "id"), id.toLowerCase());
  for (const bad of [undefined, "", "1", `${id}0`, `{${id}}`, id.replaceAll("-", "")]) {
    await assertRefused(() => uuidParameter(bad, "id"), 400, "invalid_parameter");
  }
});

Deno.test("query parameters that are unknown or given twice are refused", async () => {
  const query = z.strictObject({ limit: z.coerce.number().max(9).default(1) });
  const read = (search: string) => readQuery(new Request(`http://x/${search}`), query);
  assertDeepEquals(read(""), { limit: 1 });
  assertDeepEquals(read("?limit=3"), { limit: 3 });
  for (const bad of ["?limit=10", "?limit=a", "?limit=1&limit=2", "?other=1"]) {
    await assertRefused(() => read(bad), 400, "invalid_parameter");
  }
});

Deno.test("a query parameter that cannot be stored is refused, and an odd one is not", async () => {
  const query = z.strictObject({ reason: z.string() });
  const read = (reason: string) => readQuery(new Request(`http://x/?reason=${reason}`), query);
  assertDeepEquals(read("%01%F0%9F%98%80"), { reason: "\x01😀" });
  await assertRefused(() => read("a%00b"), 400, "invalid_parameter");
});

Deno.test("a moment is one that Postgres knows", () => {
  const known = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "2026-01-31T12:00:00-15:59"];
  for (const text of known) assertEquals(moment.parse(text), text);
  for (
    const text of [
      "0000-12-31T23:59:59Z",
      "0001-01-01T00:00:00+00:01",
      "2026-01-31T12:00:00+16:00",
      "2026-01-31T12:00:00-23:59",
      "2026-02-30T12:00:00Z",
      "2026-01-31",
    ]
  ) assert(!moment.safeParse(text).success, text);
});

Deno.test("where losing what was said would be worse, what cannot be stored is taken out", async () => {
  const body = post(JSON.stringify({ agent_id: id, entries: [{ action: "a\0b\ud800" }] }));
  const read = await readBody(body, schema, 1024, "clean");
  assertDeepEquals(read.entries, [{ action: "ab\ufffd" }]);
});
