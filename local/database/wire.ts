/**
 * The Postgres wire protocol, as far as sharing one session needs it: cutting a stream of bytes into messages, reading
 * and writing the few fields that are looked at. Source: PostgreSQL documentation, "Message Formats" (protocol 3.0).
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One message: its type byte (as a character) and all its bytes, type and length included. */
export interface Message {
  type: string;
  bytes: Uint8Array;
}

/** Joins byte arrays into one. */
export function concat(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0]) return parts[0];
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** The unsigned 32-bit number at `offset`. */
export function readInt32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset);
}

/** The zero-terminated string at `offset`. */
export function readText(bytes: Uint8Array, offset: number): string {
  const end = bytes.indexOf(0, offset);
  return decoder.decode(bytes.subarray(offset, end < 0 ? bytes.length : end));
}

/** The fields of a DataRow, as text; null is "". */
export function readRow(bytes: Uint8Array): string[] {
  const fields: string[] = [];
  for (let offset = 7; offset < bytes.length;) {
    const length = readInt32(bytes, offset);
    const end = offset + 4 + (length === 0xffffffff ? 0 : length);
    fields.push(decoder.decode(bytes.subarray(offset + 4, end)));
    offset = end;
  }
  return fields;
}

/** A zero-terminated string. */
export function text(value: string): Uint8Array {
  return concat([encoder.encode(value), new Uint8Array(1)]);
}

/** A message of a type with the given body. */
export function message(type: string, ...body: Uint8Array[]): Uint8Array {
  const content = concat([new Uint8Array(0), ...body]);
  const bytes = new Uint8Array(5 + content.length);
  bytes[0] = type.charCodeAt(0);
  new DataView(bytes.buffer).setUint32(1, 4 + content.length);
  bytes.set(content, 5);
  return bytes;
}

/** Cuts complete messages off the front of `bytes`; `rest` is what is still incomplete. */
export function splitMessages(bytes: Uint8Array): { messages: Message[]; rest: Uint8Array } {
  const messages: Message[] = [];
  let offset = 0;
  while (bytes.length - offset >= 5) {
    const length = 1 + readInt32(bytes, offset + 1);
    if (bytes.length - offset < length) break;
    const whole = bytes.subarray(offset, offset + length);
    messages.push({ type: String.fromCharCode(whole[0] ?? 0), bytes: whole });
    offset += length;
  }
  return { messages, rest: bytes.subarray(offset) };
}

/** An ErrorResponse (or FATAL, which ends the connection). */
export function errorResponse(code: string, reason: string, severity = "ERROR"): Uint8Array {
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${reason}`].map(text);
  return message("E", ...fields, new Uint8Array(1));
}

/** ReadyForQuery: `I` idle, `T` in a transaction, `E` in a failed one. */
export function readyForQuery(status: string): Uint8Array {
  return message("Z", encoder.encode(status));
}

/** What a client says first. */
export interface Startup {
  kind: "startup" | "encryption" | "cancel";
  parameters: Map<string, string>;
  length: number;
}

/** Reads the first packet of a connection, or null while it is incomplete. */
export function readStartup(bytes: Uint8Array): Startup | null {
  if (bytes.length < 8) return null;
  const length = readInt32(bytes, 0);
  if (bytes.length < length) return null;
  const code = readInt32(bytes, 4);
  const parameters = new Map<string, string>();
  // 80877103 asks for TLS, 80877104 for GSSAPI; both are answered "no" and the client goes on in the clear.
  if (code === 80877103 || code === 80877104) return { kind: "encryption", parameters, length };
  if (code === 80877102) return { kind: "cancel", parameters, length };
  const fields = decoder.decode(bytes.subarray(8, length)).split("\0");
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i]) parameters.set(fields[i] ?? "", fields[i + 1] ?? "");
  }
  return { kind: "startup", parameters, length };
}

/** The answer to a startup packet of a server that trusts its clients. */
export function startupAnswer(clientId: number, parameters: Record<string, string>): Uint8Array {
  const id = new Uint8Array(8);
  new DataView(id.buffer).setUint32(0, clientId);
  return concat([
    message("R", new Uint8Array(4)),
    ...Object.entries(parameters).map(([name, value]) => message("S", text(name), text(value))),
    message("K", id),
    readyForQuery("I"),
  ]);
}

/**
 * Puts `prefix` before the names of prepared statements that a message mentions, so that clients who share a session
 * cannot see each other's. The unnamed statement stays unnamed.
 */
export function prefixStatement({ type, bytes }: Message, prefix: string): Message {
  // Where the statement's name stands: Parse begins with it, Bind has it after the portal's name, Describe and Close
  // after an 'S'.
  let at = -1;
  if (type === "P") at = 5;
  else if (type === "B") at = bytes.indexOf(0, 5) + 1;
  else if ((type === "D" || type === "C") && bytes[5] === 0x53) at = 6;
  if (at < 0 || bytes[at] === 0) return { type, bytes };
  return {
    type,
    bytes: message(type, bytes.subarray(5, at), encoder.encode(prefix), bytes.subarray(at)),
  };
}
