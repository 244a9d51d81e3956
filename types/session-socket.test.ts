/** A person's socket against a server that says word for word what each connection gets. */
import { deepStrictEqual as assertSame, strictEqual as assertIs } from "node:assert/strict";
import { mostKept, openSessionSocket, type SessionSocketOptions } from "./session-socket.ts";

/** What the server does with one connection. */
type Part = (socket: WebSocket, heard: unknown[]) => void;

/** A socket that is opened only to be closed, which answers the plain subprotocol. */
interface Refusal {
  refuses: Part;
}

/** Serves the parts one after the other; a null refuses the connection. */
function serveParts(...parts: (Part | Refusal | null)[]) {
  const heard: unknown[][] = [];
  const protocols: string[] = [];
  const quiet = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const server = Deno.serve(quiet, (request) => {
    const given = parts[protocols.length];
    const protocol = request.headers.get("sec-websocket-protocol") ?? "";
    protocols.push(protocol);
    if (!given) return new Response("not now", { status: 503 });
    const [part, place] = "refuses" in given ? [given.refuses, 1] : [given, 0];
    const { socket, response } = Deno.upgradeWebSocket(request, {
      protocol: protocol.split(", ")[place] ?? "",
    });
    const said: unknown[] = [];
    heard.push(said);
    socket.onmessage = ({ data }) => {
      said.push(data);
      part(socket, said);
    };
    socket.onopen = () => part(socket, said);
    return response;
  });
  return {
    heard,
    protocols,
    url: `ws://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Asks to come again as soon as `count` messages came, and counts `heard` of them. */
const asksAfter = (count: number, heard: number): Part => (socket, said) => {
  if (said.length === count) socket.send(`\x10heard=${heard}`);
};
const listens: Part = () => {};

function open(url: string, options: Partial<SessionSocketOptions> = {}) {
  const heard: unknown[] = [];
  const socket = openSessionSocket({
    url,
    token: () => "t",
    onMessage: (message) => heard.push(message),
    ...options,
  });
  return { socket, heard };
}

async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("what was not heard is said again, before what was not said yet, each once and in order", async () => {
  await using server = serveParts(asksAfter(4, 2), asksAfter(3, 0), listens);
  let times = 0;
  let tokens = 0;
  const { socket, heard } = open(server.url, {
    token: () => Promise.resolve(`t${tokens++}`),
    onComeAgain: () => times++,
  });
  for (let word = 0; word < 4; word++) socket.send(`${word}`);
  await eventually(() => server.heard.length === 2);
  socket.send("4");
  await eventually(() => server.heard[2]?.length === 3);
  assertSame(server.heard, [["0", "1", "2", "3"], ["2", "3", "4"], ["2", "3", "4"]]);
  assertSame([times, heard], [2, []]);
  assertSame(
    server.protocols,
    [0, 1, 2].map((n) => `groundwork.handover, groundwork, bearer.t${n}`),
  );
  socket.close();
  assertSame(await socket.ended, { code: 1000, reason: "" });
});

Deno.test("who goes on talking meanwhile is heard in order, over ten isolates", async () => {
  const whole: unknown[] = [];
  // Each hears ten words, takes seven of them, and ends.
  const parts = Array.from({ length: 10 }, (): Part => (socket, said) => {
    if (said.length === 10) {
      whole.push(...said.slice(0, 7));
      socket.send("\x10heard=7");
    }
  });
  await using server = serveParts(...parts, listens);
  const { socket } = open(server.url);
  let next = 0;
  const talking = setInterval(() => {
    for (let word = 0; word < 3; word++) socket.send(`${next++}`);
  }, 1);
  await eventually(() => server.heard.length === 11);
  clearInterval(talking);
  await eventually(() => whole.length + (server.heard[10]?.length ?? 0) === next);
  const expected = Array.from({ length: next }, (_, word) => `${word}`);
  assertSame([...whole, ...server.heard[10] ?? []], expected);
  socket.close();
  await socket.ended;
});

Deno.test("who takes leave while an isolate ends comes again for what was not heard, and leaves then", async () => {
  await using server = serveParts(asksAfter(2, 1), listens);
  const { socket } = open(server.url);
  for (const word of ["a", "b"]) socket.send(word);
  socket.close();
  assertIs((await socket.ended).code, 1000);
  assertSame(server.heard, [["a", "b"], ["b"]]);
});

Deno.test("messages that begin with the control character, and bytes, arrive as the agent said them", async () => {
  const said = ["\x10heard=0", "\x10", "\x11", ""];
  await using server = serveParts((socket, heard) => {
    if (heard.length > 0) return;
    for (const text of said) socket.send(text.startsWith("\x10") ? `\x10${text}` : text);
    socket.send(new Uint8Array([16]));
  });
  const { socket, heard } = open(server.url);
  await eventually(() => heard.length === 5);
  assertSame(heard, [...said, new Uint8Array([16]).buffer]);
  socket.close();
  await socket.ended;
});

Deno.test("nobody there for a moment between two isolates is no end, and nobody at first is one", async () => {
  await using server = serveParts(asksAfter(1, 0), null, null, listens);
  const { socket } = open(server.url);
  socket.send("a");
  await eventually(() => server.heard[1]?.length === 1);
  assertSame(server.heard, [["a"], ["a"]]);
  socket.close();
  await socket.ended;
  await using closed = serveParts(null, listens);
  assertIs((await open(closed.url).socket.ended).code === 1000, false);
  assertIs(closed.protocols.length, 1);
});

Deno.test("who is refused for a moment comes again, and says again what the refused socket took", async () => {
  // It is answered the plain name. An agent's own code after the session was open is an end.
  const refuses = (socket: WebSocket) => socket.close(4503, "unavailable");
  await using server = serveParts(asksAfter(1, 0), { refuses }, { refuses }, listens);
  const { socket } = open(server.url);
  socket.send("a");
  await eventually(() => server.heard[3]?.length === 1);
  assertSame([server.heard[0], server.heard[3]], [["a"], ["a"]]);
  socket.close();
  await socket.ended;
  await using closed = serveParts({ refuses }, listens);
  assertIs((await open(closed.url).socket.ended).code, 4503);
  await using ended = serveParts(asksAfter(1, 0), refuses, listens);
  const other = open(ended.url).socket;
  other.send("a");
  assertIs((await other.ended).code, 4503);
  assertIs(ended.protocols.length, 2);
});

Deno.test("any other end is told as it is, and so is one after which nobody knows what was heard", async () => {
  await using server = serveParts((socket) => socket.close(4403, "revoked"));
  assertSame(await open(server.url).socket.ended, { code: 4403, reason: "revoked" });

  // Three of half of what is kept: the first is forgotten, and only the first was heard by no one.
  await using forgetful = serveParts(asksAfter(3, 0));
  const { socket } = open(forgetful.url);
  for (let word = 0; word < 3; word++) socket.send(new ArrayBuffer(mostKept / 2));
  assertIs((await socket.ended).code, 4307);
});
