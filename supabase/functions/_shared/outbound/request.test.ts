import { rejects } from "node:assert/strict";
import { assert, assertDeepEquals, assertEquals } from "../asserts.ts";
import { serveConnections } from "./loopback.ts";
import { OutboundUnreachable } from "./connection.ts";
import { type OutboundRequest, sendOutbound } from "./request.ts";
import { findUncheckedTarget, OutboundRefused, type OutboundTarget } from "./url.ts";

function targetAt(port: number, changes: Partial<OutboundTarget> = {}): OutboundTarget {
  return { ...findUncheckedTarget(`http://127.0.0.1:${port}/token?a=1`), ...changes };
}

/** A server that answers with these pieces, one write each, and keeps the connection open or not. */
function serveBytes(pieces: string[], staysOpen = true) {
  const heard: string[] = [];
  const { port, ...server } = serveConnections(async (connection, first) => {
    heard.push(first);
    for (const piece of pieces) {
      await connection.write(new TextEncoder().encode(piece)).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (!staysOpen) connection.close();
  });
  return { ...server, target: targetAt(port), heard };
}

async function refusalOf(
  target: OutboundTarget,
  request: Partial<OutboundRequest> = {},
): Promise<string> {
  let message = "";
  await rejects(
    () => sendOutbound(target, { method: "GET", patience: 5000, ...request }),
    (error) => {
      assert(error instanceof OutboundUnreachable, String(error));
      message = error.message;
      return true;
    },
  );
  return message;
}

Deno.test("a real server is told what it is asked for, and its answer is read whole", async () => {
  const asked: unknown[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const names = ["host", "x-name", "accept-encoding", "connection"];
      asked.push([
        request.method,
        pathname + search,
        await request.text(),
        names.map((name) => request.headers.get(name)),
      ]);
      return Response.json({ long: "é".repeat(20_000) }, {
        status: 201,
        headers: { "x-told": "yes" },
      });
    },
  );
  const answer = await sendOutbound(targetAt(server.addr.port, { host: "provider.example" }), {
    method: "POST",
    headers: { "x-name": "ada" },
    body: "grant=ü",
  });
  assertDeepEquals([answer.status, answer.headers.get("x-told")], [201, "yes"]);
  assertEquals(JSON.parse(answer.text).long.length, 20_000);
  assertDeepEquals(asked, [["POST", "/token?a=1", "grant=ü", [
    "provider.example",
    "ada",
    "identity",
    "close",
  ]]]);
});

const head = "HTTP/1.1 200 OK\r\n";
for (
  const [how, pieces, staysOpen, text] of [
    ["by its length", [`${head}content-length: 5\r\n\r\nhello, and more`], true, "hello"],
    [
      "in chunks",
      [`${head}transfer-encoding: chunked\r\n\r\n3;x=1\r\nhel\r\n`, "2\r\nlo\r\n0\r\n\r\n"],
      true,
      "hello",
    ],
    ["until it hangs up", [`${head}\r\nhel`, "lo"], false, "hello"],
    ["byte by byte", [...`${head}Content-Length: 2\r\n\r\nok`], true, "ok"],
    ["without a body", ["HTTP/1.1 204 No Content\r\n\r\n"], true, ""],
    [
      "as a redirect, which is not followed",
      ["HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"],
      true,
      "",
    ],
  ] as const
) {
  Deno.test(`an answer is understood ${how}`, async () => {
    await using server = serveBytes([...pieces], staysOpen);
    assertEquals((await sendOutbound(server.target, { method: "GET" })).text, text);
  });
}

for (
  const [what, pieces, staysOpen] of [
    ["not HTTP", ["SSH-2.0-OpenSSH_9\r\n"], true],
    ["an interim answer", ["HTTP/1.1 101 Switching Protocols\r\n\r\n"], true],
    ["a head without end", [`${head}x: ${"y".repeat(40_000)}`], true],
    ["many headers", [head, ...Array(40).fill(`x: ${"y".repeat(1000)}\r\n`), "\r\n"], true],
    ["a malformed header", [`${head}no colon here\r\n\r\n`], true],
    ["a body that is too long, by its length", [`${head}content-length: 70000\r\n\r\n`], true],
    [
      "a body that is too long, in chunks",
      [`${head}transfer-encoding: chunked\r\n\r\nfffff\r\n`],
      true,
    ],
    ["a body that is too long, without a length", [`${head}\r\n${"x".repeat(70_000)}`], true],
    ["a malformed length", [`${head}content-length: -1\r\n\r\n`], true],
    ["two lengths", [`${head}content-length: 1\r\ncontent-length: 2\r\n\r\nab`], true],
    ["a malformed chunk", [`${head}transfer-encoding: chunked\r\n\r\nzz\r\n`], true],
    ["a chunk that is longer than it says", [
      `${head}transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n`,
    ], true],
    ["an unknown coding", [`${head}transfer-encoding: gzip\r\n\r\n`], true],
    ["compression that was not asked for", [
      `${head}content-encoding: gzip\r\ncontent-length: 1\r\n\r\nx`,
    ], true],
    ["half an answer", [`${head}content-length: 5\r\n\r\nhel`], false],
    ["nothing", [], false],
  ] as const
) {
  Deno.test(`no answer at all: ${what}`, async () => {
    await using server = serveBytes([...pieces], staysOpen);
    assert((await refusalOf(server.target)) !== "no answer in time");
  });
}

Deno.test("silence ends at the deadline, before and in the middle of an answer", async () => {
  for (const pieces of [[], [head], [`${head}content-length: 5\r\n\r\nhel`]]) {
    await using server = serveBytes(pieces);
    assertEquals(await refusalOf(server.target, { patience: 100 }), "no answer in time");
  }
  assert((await refusalOf(targetAt(1))).endsWith("was not reached"));
});

Deno.test("no header or path that is given adds a line", async () => {
  await using server = serveBytes([`${head}content-length: 0\r\n\r\n`]);
  await rejects(() => sendOutbound(server.target, { method: "GET", headers: { x: "1\r\ny: 2" } }));
  const target = findUncheckedTarget("http://127.0.0.1:1/a\r\nx: 1");
  assert(!/[\r\n]/.test(target.path));
});

Deno.test("an unchecked target is http or https, without credentials", () => {
  assertDeepEquals(findUncheckedTarget("https://[::1]:8443/a?b"), {
    hosts: ["::1"],
    port: 8443,
    tlsName: "::1",
    host: "[::1]:8443",
    path: "/a?b",
    headers: {},
  });
  for (const url of ["file:///etc/passwd", "ftp://a/", "http://a:b@c/", "no"]) {
    let refused: unknown;
    try {
      findUncheckedTarget(url);
    } catch (error) {
      refused = error;
    }
    assert(refused instanceof OutboundRefused, url);
  }
});
