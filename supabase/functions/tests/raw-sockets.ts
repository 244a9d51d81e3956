/** A client of WebSockets that says byte for byte what a test wants. */

/** A request to open a socket, without the key that it needs. */
export const handshake = (more = "", path = "/x") =>
  `GET ${path} HTTP/1.1\r\nhost: h\r\nupgrade: websocket\r\nconnection: upgrade\r\n` +
  `sec-websocket-version: 13\r\n${more}\r\n`;
/** The header with the key. */
export const key = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/** What was said so far by the other end of a connection, until `count` bytes came or it ended. */
export async function readSome(connection: Deno.Conn, count = 1): Promise<Uint8Array> {
  const parts: number[] = [];
  const room = new Uint8Array(4096);
  while (parts.length < count) {
    const size = await connection.read(room).catch(() => null);
    if (size === null) break;
    parts.push(...room.subarray(0, size));
  }
  return new Uint8Array(parts);
}

/** Connects, asks, says `more` in the same breath, and hears the beginning of the answer. */
export async function dial(
  port: number,
  asked: string,
  more: Uint8Array = new Uint8Array(),
): Promise<{ connection: Deno.Conn; answer: string }> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await writeAll(connection, new Uint8Array([...new TextEncoder().encode(asked), ...more]));
  return { connection, answer: new TextDecoder().decode(await readSome(connection)) };
}

/** A frame of a client with a mask of zeros. */
export function frame(opcode: number, size: number, isLast: boolean): Uint8Array {
  const bytes = new Uint8Array(8 + size);
  bytes.set([(isLast ? 0x80 : 0) | opcode, 0x80 | 126, size >> 8, size & 255]);
  return bytes;
}

/** All of it, however long that takes. */
export async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
