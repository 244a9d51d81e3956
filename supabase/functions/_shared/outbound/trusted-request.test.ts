import { rejects } from "node:assert/strict";
import type { RequestListener } from "node:http";
import { assertDeepEquals, assertEquals } from "../asserts.ts";
import { serveRequests } from "./loopback.ts";
import { NoAnswer, readRetryAfter, sendTrusted, type TrustedRequest } from "./trusted-request.ts";

interface Heard {
  method: string;
  url: string;
  headers: Record<string, unknown>;
  body: string;
}

/** A server that counts what it hears; the body of a test asks it at a URL with a path of its own. */
async function withServer(
  answer: RequestListener,
  body: (
    send: (changes?: Partial<TrustedRequest>) => ReturnType<typeof sendTrusted>,
    heard: Heard[],
  ) => Promise<void>,
) {
  const heard: Heard[] = [];
  await using server = await serveRequests(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    const { method = "", url = "", headers } = request;
    heard.push({ method, url, headers, body: text });
    answer(request, response);
  });
  const usual = { who: "the server", method: "GET", path: "/x?y=1", patience: 5000 } as const;
  await body((changes) => sendTrusted(`${server.url}/v1//`, { ...usual, ...changes }), heard);
}

const told = (message: string) => (error: unknown) => {
  assertEquals(error instanceof NoAnswer && error.message, message);
  return true;
};

Deno.test("an answer of any status is an answer", async () => {
  const texts = ['{"a":1}', "no JSON", ""];
  await withServer((_, response) => {
    response.writeHead([200, 404, 500][3 - texts.length]!, { "x-said": "yes" }).end(texts.shift());
  }, async (send) => {
    const answers = [await send(), await send(), await send()];
    assertDeepEquals(
      answers.map(({ status, ok, text, json }) => [status, ok, text(), json()]),
      [[200, true, '{"a":1}', { a: 1 }], [404, false, "no JSON", undefined], [
        500,
        false,
        "",
        undefined,
      ]],
    );
    assertEquals(answers[0]?.headers.get("x-said"), "yes");
  });
});

Deno.test("a body is sent as JSON below the base URL; headers of the caller's come over ours", async () => {
  await withServer((_, response) => void response.end(), async (send, heard) => {
    await send();
    await send({ method: "POST", body: { a: 1 }, headers: { accept: "text/x", key: "k" } });
    assertDeepEquals(
      heard.map(({ method, url, headers, body }) => [
        method,
        url,
        headers.accept,
        headers["content-type"],
        headers.key,
        body,
      ]),
      [
        ["GET", "/v1/x?y=1", "application/json", undefined, undefined, ""],
        ["POST", "/v1/x?y=1", "text/x", "application/json", "k", '{"a":1}'],
      ],
    );
  });
});

Deno.test("a redirect is an answer, and is not followed", async () => {
  await withServer((_, response) => {
    response.writeHead(302, { location: "/elsewhere" }).end();
  }, async (send, heard) => {
    assertEquals((await send()).status, 302);
    assertEquals(heard.length, 1);
  });
});

for (const method of ["POST", "DELETE"] as const) {
  Deno.test(`when the connection breaks, a ${method} was sent once, and there is no answer`, async () => {
    await withServer((request) => void request.socket.destroy(), async (send, heard) => {
      await rejects(send({ method, body: {} }), told("the connection to the server failed"));
      assertEquals(heard.length, 1);
    });
  });
}

Deno.test("an answer that breaks off is none", async () => {
  await withServer((request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("begun", () => request.socket.destroy());
  }, async (send) => {
    await rejects(send(), told("the connection to the server failed"));
  });
});

for (const begun of [false, true]) {
  Deno.test(`an answer that ${begun ? "does not end" : "does not begin"} in time is none`, async () => {
    await withServer((_, response) => {
      if (begun) response.writeHead(200).write("begun");
    }, async (send) => {
      await rejects(send({ patience: 300 }), told("the server did not answer within 0.3 s"));
    });
  });
}

Deno.test("of an answer that is too long the status is known, and the body is not read", async () => {
  await withServer((_, response) => void response.end('"1234"'), async (send) => {
    assertEquals((await send({ longestBody: 6 })).json(), "1234");
    const { status, bytes, text, json } = await send({ longestBody: 5 });
    assertDeepEquals([status, bytes], [200, null]);
    for (const read of [text, json]) {
      await rejects(async () => await read(), told("the answer of the server is too long"));
    }
  });
});

Deno.test("Retry-After is seconds or a date, within an hour", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const read = (value: string) => readRetryAfter(new Headers({ "retry-after": value }), now);
  assertDeepEquals(
    ["30", " 7 ", "0", "99999", "Thu, 01 Jan 2026 00:01:00 GMT", "Thu, 01 Jan 2025 00:00:00 GMT"]
      .map(read),
    [30, 7, 1, 3600, 60, 1],
  );
  assertDeepEquals([readRetryAfter(new Headers()), read("soon")], [null, null]);
});
