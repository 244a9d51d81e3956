import { rejects } from "node:assert/strict";
import { assert, assertDeepEquals, assertEquals, eventually } from "../asserts.ts";
import { serveConnections } from "./loopback.ts";
import { OutboundUnreachable } from "./connection.ts";
import type { OutboundTarget } from "./url.ts";
import {
  type Closure,
  type Message,
  openOutboundSocket,
  type OutboundOptions,
  type OutboundSocket,
} from "./websocket.ts";

function targetAt(port: number, changes: Partial<OutboundTarget> = {}): OutboundTarget {
  const hosts = ["127.0.0.1"];
  return { hosts, port, tlsName: null, host: "agent.example", path: "/", headers: {}, ...changes };
}

/** A server that speaks WebSocket by the runtime's own implementation. */
function serveSockets(onOpen: (socket: WebSocket, url: URL, headers: Headers) => void) {
  const sockets = new Set<WebSocket>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const headers = new Headers(request.headers); // later they cannot be read any more
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    sockets.add(socket);
    socket.onclose = () => sockets.delete(socket);
    onOpen(socket, new URL(request.url), headers);
    return response;
  });
  return {
    target: targetAt(server.addr.port),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.close();
      await server.shutdown();
    },
  };
}

/** A server that answers each connection with these bytes, whatever it is asked, and shows what it heard. */
function serveBytes(answer: (request: string) => string | Promise<string>, hangsUp = false) {
  const heard: Uint8Array[] = [];
  const { port, ...server } = serveConnections(async (connection, first) => {
    await connection.write(new TextEncoder().encode(await answer(first)));
    if (hangsUp) return connection.close();
    (async () => {
      const bytes = new Uint8Array(65_536);
      for (let more = await connection.read(bytes); more; more = await connection.read(bytes)) {
        heard.push(bytes.slice(0, more));
      }
    })().catch(() => {}); // the test closed it
  });
  return { ...server, target: targetAt(port), heard };
}

const switching =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n";

/** Agrees to a WebSocket as the standard asks. */
async function agree(request: string): Promise<string> {
  const key = /^sec-websocket-key: (.+)\r$/im.exec(request)?.[1];
  const text = new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", text));
  return `${switching}Sec-WebSocket-Accept: ${btoa(String.fromCharCode(...digest))}\r\n\r\n`;
}

function listen(socket: OutboundSocket) {
  const heard: Message[] = [];
  const closed = socket.run((message) => void heard.push(message));
  return { heard, closed };
}

async function refusalOf(target: OutboundTarget, options: OutboundOptions = {}): Promise<string> {
  let message = "";
  await rejects(() => openOutboundSocket(target, options), (error) => {
    assert(error instanceof OutboundUnreachable, String(error));
    message = error.message;
    return true;
  });
  return message;
}

Deno.test("text and bytes of every length go both ways, in order, and it closes with the code said", async () => {
  const closures: Closure[] = [];
  await using server = serveSockets((socket) => {
    socket.onmessage = ({ data }) => socket.send(data);
    socket.addEventListener("close", ({ code, reason }) => closures.push({ code, reason }));
  });
  const socket = await openOutboundSocket(server.target);
  const { heard, closed } = listen(socket);
  const said: Message[] = ["", "é", new Uint8Array()];
  for (const length of [1, 125, 126, 65_535, 65_536, 300_000]) {
    said.push("x".repeat(length), new Uint8Array(length).map((_, place) => place));
  }
  for (const message of said) socket.send(message);
  await eventually("all came back", () => heard.length === said.length);
  assertDeepEquals(heard, said);
  assertEquals(socket.unsent, 0);
  socket.close(4321, "enough");
  assertDeepEquals(await closed, { code: 4321, reason: "enough" });
  await eventually("the other side was told", () => closures.length > 0);
  assertDeepEquals(closures, [{ code: 4321, reason: "enough" }]);
});

Deno.test("the other side is told what it is asked for and by whom", async () => {
  const names = ["host", "x-forwarded-host", "x-user", "authorization", "origin"];
  const asked: (string | null)[][] = [];
  await using server = serveSockets((_, url, headers) => {
    asked.push([url.search, ...names.map((name) => headers.get(name))]);
  });
  const target = { ...server.target, path: "/chat?a=1", headers: { "x-forwarded-host": "crm" } };
  const socket = await openOutboundSocket(target, { headers: { "x-user": "ada" } });
  socket.close(1000, "");
  await socket.run(() => {});
  assertDeepEquals(asked, [["?a=1", "agent.example", "crm", "ada", null, null]]);
  const smuggled = { headers: { "x-user": "ada\r\nx-admin: 1" } };
  await rejects(() => openOutboundSocket(server.target, smuggled));
});

Deno.test("the other side's goodbye is heard with its code, or without one, or not at all", async () => {
  await using server = serveSockets((socket, url) => {
    const code = Number(url.searchParams.get("code"));
    socket.onopen = () => code ? socket.close(code, "bye") : socket.close();
  });
  for (const code of [1000, 1001, 1011, 4000, 0]) {
    const path = `/?code=${code}`;
    const { closed } = listen(await openOutboundSocket({ ...server.target, path }));
    assertDeepEquals(await closed, code ? { code, reason: "bye" } : { code: 1005, reason: "" });
  }
  await using vanishing = serveBytes(agree, true);
  const socket = await openOutboundSocket(vanishing.target);
  assertDeepEquals(await listen(socket).closed, { code: 1006, reason: "" });
});

Deno.test("a message above the bound ends it before it is held", async () => {
  const codes: number[] = [];
  await using server = serveSockets((socket) => {
    socket.onopen = () => socket.send("x".repeat(1001));
    socket.addEventListener("close", ({ code }) => codes.push(code));
  });
  const socket = await openOutboundSocket(server.target, { longestMessage: 1000 });
  const { heard, closed } = listen(socket);
  assertEquals((await closed).code, 1009);
  assertDeepEquals(heard, []);
  await eventually("the other side was told", () => codes.length > 0);
  assertDeepEquals(codes, [1009]);
});

Deno.test("the other side is not read faster than what it says is delivered", async () => {
  const megabyte = new Uint8Array(1_000_000);
  let sender: WebSocket | undefined;
  await using server = serveSockets((socket) => {
    sender = socket;
    socket.onopen = () => {
      for (let i = 0; i < 40; i++) socket.send(megabyte);
    };
  });
  const socket = await openOutboundSocket(server.target);
  let delivered = 0;
  const go = Promise.withResolvers<void>();
  const closed = socket.run(async () => {
    if (++delivered === 1) await go.promise;
  });
  await eventually("the first one came", () => delivered === 1);
  // Longer than a machine needs to pass 40 MB to somebody who reads them.
  await new Promise((resolve) => setTimeout(resolve, 500));
  assertEquals(delivered, 1);
  assert((sender?.bufferedAmount ?? 0) > 20_000_000, "the rest waits where it came from");
  go.resolve();
  await eventually("all came", () => delivered === 40);
  socket.close(1000, "");
  await closed;
});

Deno.test("silence is asked about, and ends it when there is no answer", async () => {
  await using answering = serveSockets(() => {});
  const talker = await openOutboundSocket(answering.target, { silence: 500 });
  const { closed } = listen(talker);
  const still = await Promise.race([
    closed,
    new Promise((go) => setTimeout(() => go("open"), 1600)), // after three pings
  ]);
  assertEquals(still, "open", "pings were answered");
  talker.close(1000, "");
  await closed;

  await using silent = serveBytes(agree);
  const socket = await openOutboundSocket(silent.target, { silence: 20 });
  assertDeepEquals(await listen(socket).closed, { code: 1006, reason: "" });
  assert(silent.heard.length > 0, "it was asked");
});

Deno.test("whatever does not agree to a WebSocket is not reached", async () => {
  const answers: [answer: string, says: RegExp][] = [
    ["HTTP/1.1 403 Forbidden\r\n\r\n", /answered HTTP\/1.1 403/],
    ["HTTP/1.1 301 Moved\r\nLocation: https://127.0.0.1/\r\n\r\n", /answered HTTP\/1.1 301/],
    [`${switching}Sec-WebSocket-Accept: wrong\r\n\r\n`, /without agreeing/],
    [`${switching}\r\n`, /without agreeing/],
    ["SSH-2.0-OpenSSH_9\r\n\r\n", /answered SSH/],
    [`HTTP/1.1 101 x\r\n${"a: b\r\n".repeat(4000)}\r\n`, /without end|broke off/],
  ];
  for (const [answer, says] of answers) {
    await using server = serveBytes(() => answer);
    const message = await refusalOf(server.target);
    assert(says.test(message), message);
  }
  await using hangingUp = serveBytes(() => "", true);
  assert(/handshake/.test(await refusalOf(hangingUp.target)));
  await using mute = serveBytes(() => "");
  assertEquals(await refusalOf(mute.target, { patience: 100 }), "no answer in time");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  assertEquals(await refusalOf(targetAt(port)), "agent.example was not reached");
});

Deno.test("the next address is tried when one does not answer", async () => {
  await using server = serveSockets(() => {});
  const hosts = ["127.0.0.2", "127.0.0.1"];
  const socket = await openOutboundSocket({ ...server.target, hosts });
  socket.close(1000, "");
  await socket.run(() => {});
});

/** Made for these tests with openssl, good for a hundred years: an authority and a server's certificate. */
const authority = `-----BEGIN CERTIFICATE-----
MIIBnTCCAUOgAwIBAgIUATQnChanVro5DzuDdThUI8PvasAwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQR3JvdW5kd29yayB0ZXN0czAgFw0yNjExMjAxNDA2MjlaGA8y
MTI2MTAyNzE0MDYyOVowGzEZMBcGA1UEAwwQR3JvdW5kd29yayB0ZXN0czBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABG/JcbMzQ0muLZ1JwQIufsHu0FclIuSAU+Za
M2sxrYaNeJoBU8uDakUgfemdh8Dmsjm2/HBfZAIcjKdJG7QT6fWjYzBhMB0GA1Ud
DgQWBBQoPJrElU9Z0I2m0n6xk05PZd8iKDAfBgNVHSMEGDAWgBQoPJrElU9Z0I2m
0n6xk05PZd8iKDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggq
hkjOPQQDAgNIADBFAiEA3HJTBdZVHFiDJwHpPzm81Im0E3pIvT7cEgMRDIWXCuIC
IE/UndBBogJUU58QESHDDGNc4/uwIySCpLFj91QZS0ml
-----END CERTIFICATE-----`;
const certificate = `-----BEGIN CERTIFICATE-----
MIIBxTCCAWugAwIBAgIUKrIPwmerVTc/x9XM6NgGnXe/Tu8wCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQR3JvdW5kd29yayB0ZXN0czAgFw0yNjExMjAxNDA2MjlaGA8y
MTI2MTAyNzE0MDYyOVowGDEWMBQGA1UEAwwNYWdlbnQuZXhhbXBsZTBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABL3ZVCtrH8XRi5M/m23OqxtYZ0gQyiTp4X2NeXm0
+6UdYZy4uyUW8WA6mxKwSr6jGpmwaOA8DRNkf1n4Op7APsOjgY0wgYowGAYDVR0R
BBEwD4INYWdlbnQuZXhhbXBsZTAMBgNVHRMBAf8EAjAAMAsGA1UdDwQEAwIHgDAT
BgNVHSUEDDAKBggrBgEFBQcDATAdBgNVHQ4EFgQUUjib5E0vqv1yB7JfkRoQhp+8
VOswHwYDVR0jBBgwFoAUKDyaxJVPWdCNptJ+sZNOT2XfIigwCgYIKoZIzj0EAwID
SAAwRQIgaRvsTFoRhSTt+xW7Ytc7tEw7Dq+hcYQHXc2s8XmQPEMCIQD2WeYN8m8y
rhItZzYX+TpgaH5vMePreCYiRPWa9yAcxg==
-----END CERTIFICATE-----`;
const certificateKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgYCUsvAnRsykcjmgZ
QDe0lJoE929LMfou7I76SOOkm+ihRANCAAS92VQrax/F0YuTP5ttzqsbWGdIEMok
6eF9jXl5tPulHWGcuLslFvFgOpsSsEq+oxqZsGjgPA0TZH9Z+DqewD7D
-----END PRIVATE KEY-----`;

Deno.test("the certificate must prove the name, although an address is connected to", async () => {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, cert: certificate, key: certificateKey },
    (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    },
  );
  const named = (tlsName: string) => targetAt(server.addr.port, { tlsName });
  const caCerts = [authority];
  const socket = await openOutboundSocket(named("agent.example"), { caCerts });
  const { heard, closed } = listen(socket);
  socket.send("hello");
  await eventually("it came back", () => heard.length === 1);
  socket.close(1000, "");
  await closed;
  await refusalOf(named("other.example"), { caCerts });
  await refusalOf(named("agent.example"));
  await server.shutdown();
});
