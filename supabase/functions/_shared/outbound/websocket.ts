/**
 * A WebSocket to a checked address.
 *
 * The runtime's own `WebSocket` cannot be used for this: it looks the name up again, so that a check
 * made before would be worth nothing; it takes headers only since Deno 2.5, which the platform's
 * runtime need not be; and it reads as fast as the other side sends, whoever waits for it. This one
 * is made of `Deno.connect` and `Deno.startTls`, which every Deno has: it connects to the addresses
 * that were checked and proves the name by TLS, sends headers, reads no further than is delivered,
 * and bounds each message before it is held. It follows no redirect and takes no extension.
 */
import { before, close, dial, OutboundUnreachable, writeAll } from "./connection.ts";
import {
  createFrameReader,
  encodeClosing,
  encodeFrame,
  FrameError,
  type Incoming,
  opcode,
} from "./frames.ts";
import type { OutboundTarget } from "./url.ts";

/** How a WebSocket ended. 1005: without a code; 1006: without a word. */
export interface Closure {
  readonly code: number;
  readonly reason: string;
}

/** A message: text, or bytes. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** An open WebSocket to somewhere else. */
export interface OutboundSocket {
  /**
   * Reads until the end. Nothing more is read while `deliver` has not resolved, so that the other
   * side is slowed down and not buffered. To be called once.
   */
  run(deliver: (message: Message) => void | Promise<void>): Promise<Closure>;
  send(message: Message): void;
  /** Bytes given to `send` that the network has not taken. */
  readonly unsent: number;
  /** Says goodbye and waits 2 s at most for the answer. What `deliver` would still get is dropped. */
  close(code: number, reason: string): void;
  /** Says goodbye and waits 5 s at most for the answer, delivering what the other side says until then. */
  drain(code: number, reason: string): void;
}

/** What may be otherwise. Times in milliseconds. */
export interface OutboundOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes of one message; 1 MiB unless given. */
  readonly longestMessage?: number;
  /** For name, TLS and handshake together. */
  readonly patience?: number;
  /** Silence after which a ping asks; after three times as long the other side is gone. */
  readonly silence?: number;
  /** PEM certificates to trust besides the system's. For tests. */
  readonly caCerts?: string[];
}

const longestHead = 16_384;
const goodbye = 2000;
const longGoodbye = 5000;

async function expectedAccept(key: string): Promise<string> {
  const text = new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", text));
  return btoa(String.fromCharCode(...digest));
}

/** Reads the answer's head; what came after it already belongs to the frames. */
async function readHead(connection: Deno.Conn): Promise<{ head: string; rest: Uint8Array }> {
  const bytes = new Uint8Array(longestHead);
  let length = 0;
  while (length < bytes.length) {
    const count = await connection.read(bytes.subarray(length));
    if (count === null) throw new OutboundUnreachable("closed during the handshake");
    length += count;
    const text = new TextDecoder("latin1").decode(bytes.subarray(0, length));
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) return { head: text.slice(0, end), rest: bytes.slice(end + 4, length) };
  }
  throw new OutboundUnreachable("an answer without end");
}

async function shakeHands(
  connection: Deno.Conn,
  target: OutboundTarget,
  headers: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  // Headers checks names and values: nothing that is given can add a line.
  const all = new Headers({ ...headers, ...target.headers });
  all.set("host", target.host);
  all.set("upgrade", "websocket");
  all.set("connection", "Upgrade");
  all.set("sec-websocket-version", "13");
  all.set("sec-websocket-key", key);
  const lines = [...all].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const request = `GET ${target.path} HTTP/1.1\r\n${lines}\r\n`;
  await writeAll(connection, new TextEncoder().encode(request));

  const { head, rest } = await readHead(connection);
  const [status = "", ...fields] = head.split("\r\n");
  if (!/^HTTP\/1\.1 101( |$)/.test(status)) {
    throw new OutboundUnreachable(`answered ${status.slice(0, 100)}`);
  }
  const given = new Map(fields.map((field) => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim()];
  }));
  const agrees = given.get("upgrade")?.toLowerCase() === "websocket" &&
    /(^|,)\s*upgrade\s*(,|$)/i.test(given.get("connection") ?? "") &&
    given.get("sec-websocket-accept") === await expectedAccept(key) &&
    !given.has("sec-websocket-extensions") && !given.has("sec-websocket-protocol");
  if (!agrees) throw new OutboundUnreachable("answered 101 without agreeing to what was asked");
  return rest;
}

/**
 * Connects.
 *
 * @throws OutboundUnreachable
 */
export async function openOutboundSocket(
  target: OutboundTarget,
  options: OutboundOptions = {},
): Promise<OutboundSocket> {
  const deadline = Date.now() + (options.patience ?? 10_000);
  const connection = await dial(target, deadline, options.caCerts);
  try {
    const shaking = shakeHands(connection, target, options.headers ?? {});
    const rest = await before(shaking, deadline, () => {});
    return speakFrames(connection, rest, options);
  } catch (error) {
    close(connection);
    throw error instanceof OutboundUnreachable
      ? error
      : new OutboundUnreachable(`${target.host} broke off the handshake`, { cause: error });
  }
}

function speakFrames(
  connection: Deno.Conn,
  rest: Uint8Array,
  { longestMessage = 1024 * 1024, silence = 20_000 }: OutboundOptions,
): OutboundSocket {
  const read = createFrameReader(longestMessage);
  let unsent = 0;
  let writing: Promise<void> = Promise.resolve();
  let saidGoodbye: Closure | null = null;
  let leaving: ReturnType<typeof setTimeout> | undefined;
  let heard = Date.now();
  let isListening = false;
  let isDraining = false;
  let isGone = false;

  function vanish(): void {
    if (isGone) return;
    isGone = true;
    clearInterval(pulse);
    clearTimeout(leaving);
    close(connection);
  }

  function write(code: number, payload: Uint8Array): void {
    if (isGone) return;
    unsent += payload.length;
    writing = writing
      .then(() => isGone ? undefined : writeAll(connection, encodeFrame(code, payload)))
      .catch(vanish) // the reader notices and says how it ended
      .finally(() => unsent -= payload.length);
  }

  function sayGoodbye(code: number, reason: string, patience: number = goodbye): void {
    if (saidGoodbye) return;
    saidGoodbye = { code, reason };
    write(opcode.close, encodeClosing(code, reason));
    leaving = setTimeout(vanish, patience);
  }

  const pulse = setInterval(() => {
    if (!isListening || saidGoodbye) return; // whoever is not listened to cannot be heard
    if (Date.now() - heard > 3 * silence) vanish();
    else if (Date.now() - heard > silence) write(opcode.ping, new Uint8Array());
  }, silence);

  async function handle(
    incoming: Incoming,
    deliver: (message: Message) => void | Promise<void>,
  ): Promise<Closure | null> {
    if (incoming.kind === "message" && (isDraining || !saidGoodbye)) await deliver(incoming.data);
    else if (incoming.kind === "ping") write(opcode.pong, incoming.payload);
    else if (incoming.kind === "close") {
      const { code, reason } = incoming;
      sayGoodbye(code, "");
      await writing;
      return { code, reason };
    }
    return null;
  }

  async function readOn(
    deliver: (message: Message) => void | Promise<void>,
  ): Promise<Closure> {
    const bytes = new Uint8Array(65_536);
    for (let piece: Uint8Array = rest;;) {
      for (const incoming of read(piece)) {
        const closure = await handle(incoming, deliver);
        if (closure) return closure;
      }
      heard = Date.now();
      isListening = true;
      const count = await connection.read(bytes).catch(() => null); // broken: as ended without a word
      isListening = false;
      heard = Date.now();
      if (count === null) return saidGoodbye ?? { code: 1006, reason: "" };
      piece = bytes.subarray(0, count);
    }
  }

  return {
    async run(deliver) {
      try {
        return await readOn(deliver);
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        sayGoodbye(error.code, error.message);
        await writing;
        return { code: error.code, reason: error.message };
      } finally {
        vanish();
      }
    },
    send(message) {
      if (saidGoodbye) return;
      if (typeof message === "string") write(opcode.text, new TextEncoder().encode(message));
      else write(opcode.binary, message);
    },
    get unsent() {
      return unsent;
    },
    close(code, reason) {
      isDraining = false;
      if (!isGone) sayGoodbye(code, reason);
    },
    drain(code, reason) {
      if (isGone || saidGoodbye) return;
      isDraining = true;
      sayGoodbye(code, reason, longGoodbye);
    },
  };
}
