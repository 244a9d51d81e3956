/**
 * Serves a function that opens WebSockets.
 *
 * The platform's `Deno.upgradeWebSocket` gathers a message of up to 64 MiB before it delivers it, in however many
 * fragments it comes, and cannot be told to take less. `ws` counts fragments while they come. It reads the connection
 * itself, which the platform gives away through `node:http` (https://supabase.com/docs/guides/functions/websockets).
 * Decision 41 has what was measured.
 */
import type { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Duplex, Readable } from "node:stream";
// @ts-types="npm:@types/ws@8.18.2"
import { type WebSocket, WebSocketServer } from "ws";
import { ApiError } from "../errors.ts";

/** A function that opens sockets. */
interface Served {
  fetch: (request: Request) => Response | Promise<Response>;
  /** The subprotocols that it knows; a refused socket is answered the first of them that it offered. */
  protocols: string[];
}

/** How a socket is opened. */
export interface SocketOptions {
  /** Bytes of a message, over all of its fragments; a longer one ends the socket with 1009. */
  longestMessage: number;
  /** The subprotocol to be answered; null: none. */
  protocol: string | null;
  /** Milliseconds between two pings; a socket that has not answered one by the next is dead. */
  pingEvery: number;
}

type Open = (options: SocketOptions) => WebSocket;

const longestReason = 123;
const upgrades = new WeakMap<Request, Open>();

/** The code that a socket is closed with where a request would have been refused with this status. */
export const closeCodeOf = (status: number): number => 4000 + status;

/** A close reason as long as frames allow, cut between characters. */
export function shortenReason(reason: string): string {
  const room = new Uint8Array(longestReason);
  return reason.slice(0, new TextEncoder().encodeInto(reason, room).read);
}

/** Drops a socket whose other side does not answer any more. */
function keepAlive(socket: WebSocket, pingEvery: number): void {
  let isAlive = true;
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, pingEvery);
  socket.on("pong", () => isAlive = true);
  socket.on("close", () => clearInterval(timer));
}

/** What `ws` closes with in the middle of a message, whose rest is still on its way. */
const amidMessage = [1002, 1007, 1009];
/** Milliseconds that the rest and the other side's goodbye may take. */
const longestGoodbye = 3000;

/**
 * Lets a connection go as soon as the goodbye is on its way. The platform's runtime (Deno 2.1.4) cannot end a
 * connection that it gave away: it ends one on which somebody speaks whom nobody hears, as the other side does when it
 * answers. But who is not heard in the middle of a message may not hear the goodbye either.
 */
function endWithGoodbye(socket: WebSocket, connection: Duplex): void {
  const { close } = socket;
  socket.close = (code, reason) => {
    const isAmidMessage = amidMessage.includes(code ?? 0);
    if (isAmidMessage) connection.end = () => connection; // `ws` ends it otherwise
    close.call(socket, code, reason);
    if (!isAmidMessage) connection.end(() => connection.destroy());
  };
}

/** A request to open a socket, its connection, and what was said on that already. */
type Asked = [incoming: IncomingMessage, connection: Duplex, head: Buffer];

/** Completes the handshake. */
function open(asked: Asked, { longestMessage, protocol, pingEvery }: SocketOptions): WebSocket {
  const [, connection] = asked;
  let opened: WebSocket | undefined;
  const server = new WebSocketServer(
    {
      noServer: true,
      clientTracking: false,
      maxPayload: longestMessage,
      handleProtocols: () => protocol ?? false,
      closeTimeout: longestGoodbye,
    } as ConstructorParameters<typeof WebSocketServer>[0],
  );
  server.on("wsClientError", () => abandon(connection));
  server.handleUpgrade(...asked, (socket) => opened = socket);
  if (!opened) {
    throw new ApiError(400, "invalid_parameter", "sec-websocket-key: is missing or wrong");
  }
  endWithGoodbye(opened, connection);
  opened.binaryType = "arraybuffer";
  // Without a listener it would be the isolate's end. What went wrong is in the code that it closes with.
  opened.on("error", () => {});
  keepAlive(opened, pingEvery);
  return opened;
}

/** The platform's runtime delivers no other status from here. */
function abandon(connection: Duplex): void {
  const answer = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: none\r\n\r\n";
  connection.end(answer, () => connection.destroy());
}

/** `url` is a path; the host is of no interest to any route. */
function toRequest(incoming: IncomingMessage): Request {
  const { method = "GET", url = "/" } = incoming;
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(new URL(url, `http://${incoming.headers.host ?? "localhost"}`), {
    method,
    headers,
    ...(hasBody ? { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" } : {}),
  });
}

/** Answers are short here: a function that streams exports its `fetch` to the platform. */
async function answer(
  { fetch }: Served,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  try {
    const response = await fetch(toRequest(incoming));
    const body = new Uint8Array(await response.arrayBuffer());
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(body);
  } catch {
    // What the app answers has no faults: it is a request that is none, or an answer that nobody takes any more.
    if (!outgoing.headersSent) outgoing.writeHead(400);
    outgoing.end();
  } finally {
    incoming.resume(); // what was not read
  }
}

/** What a refusal says in a close reason: `code: message`. */
async function reasonOf(response: Response): Promise<string> {
  const { error } = await response.json().catch(() => ({})) as {
    error?: { code: string; message: string };
  };
  return shortenReason(error ? `${error.code}: ${error.message}` : "");
}

async function upgrade({ fetch, protocols }: Served, asked: Asked): Promise<void> {
  const [incoming] = asked;
  const request = toRequest(incoming);
  let isOpen = false;
  upgrades.set(request, (options) => {
    const socket = open(asked, options);
    isOpen = true;
    return socket;
  });
  const response = await fetch(request);
  if (isOpen) return;
  const offered = incoming.headers["sec-websocket-protocol"]?.split(",").map((one) => one.trim());
  const reason = await reasonOf(response);
  const refused = open(asked, {
    longestMessage: 1,
    // Without one that it offered a browser takes the socket for broken and shows no code.
    protocol: protocols.find((one) => offered?.includes(one)) ?? null,
    pingEvery: 1000,
  });
  refused.close(closeCodeOf(response.ok ? 400 : response.status), reason);
}

/**
 * The function as a server. A request to open a socket that is refused is opened and closed at once, with
 * `closeCodeOf` its status and a reason `code: message`: browsers show no answer to such a request, and the platform's
 * runtime gives none.
 */
export function createSocketServer(served: Served): Server {
  const server = createServer((incoming, outgoing) => void answer(served, incoming, outgoing));
  server.on("upgrade", (...asked: Asked) => {
    const [, connection] = asked;
    connection.on("error", () => {}); // whoever asked has left
    upgrade(served, asked).catch(() => abandon(connection));
  });
  return server;
}

/** Whether the request asks for a socket that can be opened. */
export const asksForSocket = (request: Request): boolean => upgrades.has(request);

/**
 * Opens the socket that a request asks for.
 *
 * @returns the open socket, and what the handler answers
 * @throws ApiError 400 `invalid_parameter` where the request lacks what a WebSocket's has
 */
export function openSocket(
  request: Request,
  options: SocketOptions,
): { socket: WebSocket; response: Response } {
  const socket = upgrades.get(request)?.(options);
  if (!socket) throw new TypeError("The request asks for no socket.");
  // Its constructor takes no 101.
  return { socket, response: Object.defineProperty(new Response(null), "status", { value: 101 }) };
}
