import { z } from "zod";
import { assertDeepEquals, assertEquals } from "../asserts.ts";
import { serveRequests } from "./loopback.ts";
import { createPlatformClient, PlatformError } from "./platform-client.ts";

interface Answer {
  status: number;
  body?: string;
  headers?: Record<string, string>;
}

/** What comes of asking a server that answers so; null: it breaks the connection. */
async function outcomeOf(given: Answer | null) {
  let heard = 0;
  await using server = await serveRequests(async (request, response) => {
    for await (const _ of request);
    heard++;
    if (!given) return void request.socket.destroy();
    response.writeHead(given.status, given.headers ?? {}).end(given.body ?? "");
  });
  const client = createPlatformClient({ url: `${server.url}/`, key: "k" }, {}, 5000);
  try {
    const answer = await client.ask("POST", "/x", z.object({ id: z.int() }), { a: 1 });
    return { answer, heard };
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    const { trouble, status, message, retryAfter } = error;
    return { trouble, status, message, retryAfter, heard };
  }
}

Deno.test("an answer that fits is returned", async () => {
  assertDeepEquals(await outcomeOf({ status: 201, body: '{"id": 1, "more": true}' }), {
    answer: { id: 1 },
    heard: 1,
  });
});

for (
  const [status, trouble] of [
    [400, "refused"],
    [401, "refused"],
    [404, "refused"],
    [408, "unclear"],
    [409, "refused"],
    [422, "refused"],
    [425, "unclear"],
    [429, "busy"],
    [500, "unclear"],
    [503, "unclear"],
    [302, "refused"],
  ] as const
) {
  Deno.test(`${status} is ${trouble}`, async () => {
    const headers: Record<string, string> = status === 302
      ? { location: "http://127.0.0.1:9/" }
      : {};
    const outcome = await outcomeOf({ status, headers });
    assertDeepEquals([outcome.trouble, outcome.status, outcome.heard], [trouble, status, 1]);
  });
}

Deno.test("a broken connection is unclear, and the request was sent once", async () => {
  const outcome = await outcomeOf(null);
  assertDeepEquals([outcome.trouble, outcome.heard], ["unclear", 1]);
  assertEquals(outcome.message, "the connection to the platform failed");
});

for (const body of ["", "{", '{"id": "one"}', "<html>"]) {
  Deno.test(`a success that says ${body || "nothing"} is unclear`, async () => {
    assertEquals((await outcomeOf({ status: 200, body })).trouble, "unclear");
  });
}

for (
  const [body, wanted] of [
    ['{"error": "Title is\\n taken"}', "the platform answered 422: Title is taken"],
    ['{"message": "No."}', "the platform answered 422: No."],
    ['{"errors": [{"message": "a"}, {"message": "b"}]}', "the platform answered 422: a; b"],
    ["plain words", "the platform answered 422: plain words"],
    ["<html>very long</html>", "the platform answered 422"],
    ["", "the platform answered 422"],
    ["x".repeat(9000), `the platform answered 422: ${"x".repeat(500)}`],
  ] as const
) {
  Deno.test(`what is wrong is told in its words: ${body.slice(0, 40)}`, async () => {
    assertEquals((await outcomeOf({ status: 422, body })).message, wanted);
  });
}
