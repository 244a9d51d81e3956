/**
 * The frames of WebSockets as a client sends and reads them (RFC 6455, section 5). Pure: bytes in,
 * bytes out. Strict: whatever the standard calls a failure is one.
 */

/** What came in. */
export type Incoming =
  | { readonly kind: "message"; readonly data: string | Uint8Array<ArrayBuffer> }
  | { readonly kind: "ping"; readonly payload: Uint8Array<ArrayBuffer> }
  | { readonly kind: "pong" }
  /** `code` is 1005 when none was sent. */
  | { readonly kind: "close"; readonly code: number; readonly reason: string };

/** The other side broke the protocol or a bound. `code` is what to close with. */
export class FrameError extends Error {
  override readonly name = "FrameError";
  readonly code: 1002 | 1007 | 1009;

  constructor(code: 1002 | 1007 | 1009, message: string) {
    super(message);
    this.code = code;
  }
}

/** The opcodes that there are. */
export const opcode = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Whether a close frame may carry the code (section 7.4): 1005, 1006 and 1015 never travel. */
export function isSendable(code: number): boolean {
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006 ||
    code >= 3000 && code <= 4999;
}

function mask(payload: Uint8Array, key: Uint8Array): void {
  for (let i = 0; i < payload.length; i++) payload[i] = payload[i]! ^ key[i & 3]!;
}

/** One whole frame, masked with a new key, as everything that a client sends must be. */
export function encodeFrame(code: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = new Uint8Array(6 + extended + length);
  const view = new DataView(frame.buffer);
  frame[0] = 0x80 | code;
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) view.setUint16(2, length);
  if (extended === 8) view.setBigUint64(2, BigInt(length));
  const key = crypto.getRandomValues(frame.subarray(2 + extended, 6 + extended));
  frame.set(payload, 6 + extended);
  mask(frame.subarray(6 + extended), key);
  return frame;
}

/** The payload of a close frame: the code, if it may travel, and as much of the reason as fits. */
export function encodeClosing(code: number, reason: string): Uint8Array<ArrayBuffer> {
  if (!isSendable(code)) return new Uint8Array();
  const payload = new Uint8Array(125);
  new DataView(payload.buffer).setUint16(0, code);
  // encodeInto stops before a character that does not fit whole.
  const { written } = new TextEncoder().encodeInto(reason, payload.subarray(2));
  return payload.slice(0, 2 + written);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FrameError(1007, "text that is not UTF-8");
  }
}

function decodeClosing(payload: Uint8Array): Incoming {
  if (payload.length === 0) return { kind: "close", code: 1005, reason: "" };
  if (payload.length === 1) throw new FrameError(1002, "half a close code");
  const code = payload[0]! << 8 | payload[1]!;
  if (!isSendable(code)) throw new FrameError(1002, `close code ${code}`);
  return { kind: "close", code, reason: decodeText(payload.subarray(2)) };
}

/** Bytes that grow at their end and shrink at their beginning, without copying all at each step. */
function createBuffer() {
  let bytes = new Uint8Array(4096);
  let start = 0;
  let end = 0;
  return {
    get length() {
      return end - start;
    },
    append(more: Uint8Array): void {
      if (end + more.length > bytes.length) {
        const kept = bytes.subarray(start, end);
        const isWide = kept.length + more.length <= bytes.length / 2;
        const next = isWide ? bytes : new Uint8Array(2 * (kept.length + more.length));
        next.set(kept);
        bytes = next;
        end -= start;
        start = 0;
      }
      bytes.set(more, end);
      end += more.length;
    },
    peek: (count: number) => bytes.subarray(start, Math.min(end, start + count)),
    take(count: number): Uint8Array<ArrayBuffer> {
      const taken = bytes.slice(start, start + count);
      start += count;
      if (start === end) start = end = 0;
      if (start === 0 && bytes.length > 65_536) bytes = new Uint8Array(4096);
      return taken;
    },
  };
}

interface Header {
  code: number;
  isLast: boolean;
  size: number;
  length: number;
}

function readHeader(bytes: Uint8Array): Header | null {
  if (bytes.length < 2) return null;
  const [first, second] = [bytes[0]!, bytes[1]!];
  const code = first & 0x0f;
  const isLast = (first & 0x80) !== 0;
  if (first & 0x70) throw new FrameError(1002, "reserved bits");
  if (second & 0x80) throw new FrameError(1002, "a masked frame from a server");
  if (!(Object.values(opcode) as number[]).includes(code)) {
    throw new FrameError(1002, `opcode ${code}`);
  }
  const short = second & 0x7f;
  if (code >= 8 && (!isLast || short > 125)) throw new FrameError(1002, "a bad control frame");
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (bytes.length < 2 + extended) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = extended === 0
    ? short
    : extended === 2
    ? view.getUint16(2)
    : Number(view.getBigUint64(2));
  return { code, isLast, size: 2 + extended, length };
}

/**
 * Makes what turns the bytes of a server into messages, however they are cut into pieces.
 *
 * @param longest bytes of a message, over all of its fragments
 * @returns a function that takes the next piece; it throws FrameError
 */
export function createFrameReader(longest: number): (piece: Uint8Array) => Incoming[] {
  const buffer = createBuffer();
  let parts = createBuffer();
  let kind: number | null = null; // of the message whose fragments are being gathered

  function finish(code: number, payload: Uint8Array<ArrayBuffer>): Incoming {
    return {
      kind: "message",
      data: code === opcode.text ? decodeText(payload) : payload,
    };
  }

  function take({ code, isLast }: Header, payload: Uint8Array<ArrayBuffer>): Incoming | null {
    if (code === opcode.close) return decodeClosing(payload);
    if (code === opcode.ping) return { kind: "ping", payload };
    if (code === opcode.pong) return { kind: "pong" };
    if ((code === opcode.more) !== (kind !== null)) {
      throw new FrameError(1002, "fragments out of order");
    }
    if (isLast && kind === null) return finish(code, payload);
    kind ??= code;
    parts.append(payload);
    if (!isLast) return null;
    const whole = finish(kind, parts.take(parts.length));
    parts = createBuffer();
    kind = null;
    return whole;
  }

  return (piece) => {
    buffer.append(piece);
    const found: Incoming[] = [];
    for (;;) {
      const header = readHeader(buffer.peek(10));
      if (!header) return found;
      // Before the payload has come: what is too long is never held.
      if (header.length + (header.code < 8 ? parts.length : 0) > longest) {
        throw new FrameError(1009, "a message that is too long");
      }
      if (buffer.length < header.size + header.length) return found;
      buffer.take(header.size);
      const incoming = take(header, buffer.take(header.length));
      if (incoming) found.push(incoming);
    }
  };
}
