/**
 * One HTTP request to a checked address.
 *
 * `fetch` looks the name up again, so that a check made before would be worth nothing, and follows
 * redirects to wherever they lead. This speaks HTTP/1.1 over outbound-connection.ts: one request per
 * connection, no redirect followed, no compression, time and length bounded. What it cannot
 * understand it treats as no answer.
 */
import { before, close, dial, OutboundUnreachable, writeAll } from "./connection.ts";
import type { OutboundTarget } from "./url.ts";

/** What is asked. */
export interface OutboundRequest {
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for everything together; 10 s unless given. */
  readonly patience?: number;
  /** Bytes of the answer's body; 64 KiB unless given. */
  readonly longestBody?: number;
  /** PEM certificates to trust besides the system's. For tests. */
  readonly caCerts?: string[];
}

/** What was answered, whatever the status. */
export interface OutboundAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const longestHead = 16_384;
const lineEnd = new Uint8Array([13, 10]);

/** Reads what comes in piece by piece, and no more than is asked for is believed. */
function createReader(connection: Deno.Conn, deadline: number) {
  let held: Uint8Array = new Uint8Array();
  let hasEnded = false;

  async function readMore(): Promise<void> {
    const bytes = new Uint8Array(16_384);
    const count = await before(connection.read(bytes), deadline, () => {});
    if (count === null) hasEnded = true;
    else {
      const joined = new Uint8Array(held.length + count);
      joined.set(held);
      joined.set(bytes.subarray(0, count), held.length);
      held = joined;
    }
  }

  function take(length: number): Uint8Array {
    const taken = held.slice(0, length);
    held = held.slice(length);
    return taken;
  }

  return {
    /** A line without its end. */
    async line(longest: number): Promise<string> {
      for (;;) {
        const end = held.findIndex((byte, place) =>
          byte === lineEnd[0] && held[place + 1] === lineEnd[1]
        );
        if (end >= 0) {
          const text = new TextDecoder("latin1").decode(take(end));
          take(lineEnd.length);
          return text;
        }
        if (held.length > longest) throw new OutboundUnreachable("a line without end");
        if (hasEnded) throw new OutboundUnreachable("closed in the middle of the answer");
        await readMore();
      }
    },
    async exactly(length: number): Promise<Uint8Array> {
      while (held.length < length) {
        if (hasEnded) throw new OutboundUnreachable("closed in the middle of the answer");
        await readMore();
      }
      return take(length);
    },
    async untilEnd(longest: number): Promise<Uint8Array> {
      while (!hasEnded) {
        if (held.length > longest) throw new OutboundUnreachable("the answer is too long");
        await readMore();
      }
      if (held.length > longest) throw new OutboundUnreachable("the answer is too long");
      return take(held.length);
    },
  };
}

type Reader = ReturnType<typeof createReader>;

async function readHead(reader: Reader): Promise<{ status: number; headers: Headers }> {
  const first = await reader.line(longestHead);
  const status = Number(/^HTTP\/1\.[01] (\d{3})( |$)/.exec(first)?.[1] ?? 0);
  if (status < 200) throw new OutboundUnreachable("not an answer in HTTP/1.1");
  const headers = new Headers();
  for (let length = first.length;;) {
    const line = await reader.line(longestHead);
    if (line === "") return { status, headers };
    length += line.length;
    if (length > longestHead) throw new OutboundUnreachable("the answer's head is too long");
    const colon = line.indexOf(":");
    try {
      headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
    } catch {
      throw new OutboundUnreachable("a malformed header");
    }
  }
}

async function readChunks(reader: Reader, longest: number): Promise<Uint8Array> {
  let body = new Uint8Array();
  for (;;) {
    const size = /^([0-9a-f]{1,8})\s*(;|$)/i.exec(await reader.line(1024))?.[1];
    if (size === undefined) throw new OutboundUnreachable("a malformed chunk");
    const length = Number.parseInt(size, 16);
    if (length === 0) return body; // trailers do not matter: the connection is not used again
    if (body.length + length > longest) throw new OutboundUnreachable("the answer is too long");
    const joined = new Uint8Array(body.length + length);
    joined.set(body);
    joined.set(await reader.exactly(length), body.length);
    body = joined;
    if (await reader.line(2) !== "") throw new OutboundUnreachable("a malformed chunk");
  }
}

async function readBody(
  reader: Reader,
  status: number,
  headers: Headers,
  longest: number,
): Promise<Uint8Array> {
  if (status === 204 || status === 304) return new Uint8Array();
  if (headers.has("content-encoding") && headers.get("content-encoding") !== "identity") {
    throw new OutboundUnreachable("an encoding that was not asked for");
  }
  const coding = headers.get("transfer-encoding")?.toLowerCase();
  if (coding === "chunked") return await readChunks(reader, longest);
  if (coding !== undefined) throw new OutboundUnreachable("an unknown transfer encoding");
  const length = headers.get("content-length");
  if (length === null) return await reader.untilEnd(longest);
  if (!/^\d{1,10}$/.test(length)) throw new OutboundUnreachable("a malformed length");
  if (Number(length) > longest) throw new OutboundUnreachable("the answer is too long");
  return await reader.exactly(Number(length));
}

function writeHead(target: OutboundTarget, { method, headers }: OutboundRequest, length: number) {
  // Headers checks names and values: nothing that is given can add a line.
  const all = new Headers({ ...headers, ...target.headers });
  all.set("host", target.host);
  all.set("connection", "close");
  all.set("accept-encoding", "identity");
  if (method === "POST") all.set("content-length", String(length));
  const lines = [...all].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `${method} ${target.path} HTTP/1.1\r\n${lines}\r\n`;
}

/**
 * Asks, and reads the answer whole.
 *
 * @throws OutboundUnreachable when there was no answer, none in time, or one that cannot be read
 */
export async function sendOutbound(
  target: OutboundTarget,
  request: OutboundRequest,
): Promise<OutboundAnswer> {
  const deadline = Date.now() + (request.patience ?? 10_000);
  const body = new TextEncoder().encode(request.body ?? "");
  const head = new TextEncoder().encode(writeHead(target, request, body.length));
  const connection = await dial(target, deadline, request.caCerts);
  try {
    await before(writeAll(connection, head), deadline, () => {});
    await before(writeAll(connection, body), deadline, () => {});
    const reader = createReader(connection, deadline);
    const { status, headers } = await readHead(reader);
    const bytes = await readBody(reader, status, headers, request.longestBody ?? 65_536);
    return { status, headers, text: new TextDecoder().decode(bytes) };
  } catch (error) {
    throw error instanceof OutboundUnreachable
      ? error
      : new OutboundUnreachable(`${target.host} broke off`, { cause: error });
  } finally {
    close(connection);
  }
}
