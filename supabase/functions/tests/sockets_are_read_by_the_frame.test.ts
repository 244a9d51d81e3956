/** Sockets that are read frame by frame, and refusals of such, with a client of the test's own on the wire. */
import type { AddressInfo } from "node:net";
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import {
  asksForSocket,
  createSocketServer,
  openSocket,
  shortenReason,
} from "../_shared/http/socket-server.ts";
import { dial, frame, handshake, key, readSome, writeAll } from "./raw-sockets.ts";

const longestMessage = 100_000;
type Heard = { data: unknown[]; code: number | null };

/** A function that opens what is asked for, except at /refused, and echoes the body of other requests. */
async function startEcho(pingEvery = 60_000) {
  const heard: Heard[] = [];
  const server = createSocketServer({
    protocols: ["known"],
    async fetch(request) {
      if (request.url.endsWith("/refused")) {
        const error = { code: "not_found", message: `There is no such ${"ö".repeat(200)}` };
        return Response.json({ error }, { status: 404 });
      }
      if (!asksForSocket(request)) return new Response(await request.text(), { status: 201 });
      const { socket, response } = openSocket(request, {
        longestMessage,
        protocol: null,
        pingEvery,
      });
      const one: Heard = { data: [], code: null };
      heard.push(one);
      socket.onmessage = ({ data }) => one.data.push(data);
      socket.onclose = ({ code }) => one.code = code;
      return response;
    },
  });
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    heard,
    url: `ws://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => server.close(() => closed())),
  };
}

const lax = { sanitizeOps: false, sanitizeResources: false };

Deno.test({
  name:
    "fragments are counted while they come: one byte too many ends it with 1009, and a whole message passes",
  ...lax,
  async fn() {
    await using echo = await startEcho();
    const { connection } = await dial(echo.port, handshake(key), frame(2, 300, true));
    for (let part = 0; part < 10; part++) {
      await writeAll(connection, frame(part === 0 ? 2 : 0, longestMessage / 10, part === 9));
    }
    await eventually("both came", () => echo.heard[0]?.data.length === 2);
    const sizes = echo.heard[0]?.data.map((one) => (one as ArrayBuffer).byteLength);
    assertDeepEquals(sizes, [300, longestMessage]);
    // Never finished: who waits for the last fragment gathers for ever.
    for (let part = 0; part < 10; part++) {
      await writeAll(connection, frame(part === 0 ? 2 : 0, longestMessage / 10, false));
    }
    assertDeepEquals([echo.heard[0]?.data.length, echo.heard[0]?.code], [2, null]);
    await writeAll(connection, frame(0, 1, false));
    assertDeepEquals([...await readSome(connection, 4)], [0x88, 2, 1009 >> 8, 1009 & 255]);
    await eventually("it has ended", () => echo.heard[0]?.code === 1006);
    connection.close();
  },
});

Deno.test({
  name: "a refusal is a close code and a reason, in the subprotocol that was offered",
  ...lax,
  async fn() {
    await using echo = await startEcho();
    for (const [offered, answered] of [[["other", "known"], "known"], [[], ""]] as const) {
      const socket = new WebSocket(`${echo.url}/refused`, [...offered]);
      const end = await new Promise<CloseEvent>((closed) => socket.onclose = closed);
      assertDeepEquals([end.code, socket.protocol], [4404, answered]);
      assert(end.reason.startsWith("not_found: There is no such ö"), end.reason);
    }
    assertEquals((await fetch(`http://127.0.0.1:${echo.port}/refused`)).status, 404);
  },
});

Deno.test({
  name: "requests that are no sockets are answered, and what is half of one is let go",
  ...lax,
  async fn() {
    await using echo = await startEcho();
    const asked = await fetch(`http://127.0.0.1:${echo.port}/x`, { method: "POST", body: "hello" });
    assertDeepEquals([asked.status, await asked.text()], [201, "hello"]);
    for (
      const wrong of ["GET // HTTP/1.1\r\nhost: [\r\n\r\n", "TRACE /x HTTP/1.1\r\nhost: h\r\n\r\n"]
    ) {
      const { connection, answer } = await dial(echo.port, wrong);
      assert(/^HTTP\/1\.1 4\d\d /.test(answer), answer);
      connection.close();
    }
    for (const said of [handshake(), handshake(key).replace("websocket", "h2c")]) {
      const { connection, answer } = await dial(echo.port, said);
      assert(answer.startsWith("HTTP/1.1 "), answer);
      // The platform's runtime ends it when something is said.
      await eventually(
        "it ends",
        () => connection.write(new Uint8Array(8)).then(() => false, () => true),
      );
      connection.close();
    }
    assertDeepEquals(echo.heard, []);
  },
});

Deno.test({
  name: "a socket that does not answer pings is dropped, and one that does is kept",
  ...lax,
  async fn() {
    await using echo = await startEcho(1000);
    const { connection } = await dial(echo.port, handshake(key));
    const answering = new WebSocket(`${echo.url}/x`);
    await eventually("the mute one is dropped", () => echo.heard.some(({ code }) => code === 1006));
    assertEquals(answering.readyState, WebSocket.OPEN);
    answering.close();
    await eventually("both have ended", () => echo.heard.every(({ code }) => code !== null));
    connection.close();
  },
});

Deno.test("a close reason is cut between characters to what a frame carries", () => {
  assertEquals(shortenReason("short"), "short");
  const cut = shortenReason("é".repeat(100));
  assertDeepEquals([cut.length, new TextEncoder().encode(cut).length], [61, 122]);
});
