/**
 * A connection to a checked address: to the addresses that outbound-url.ts has checked and never to
 * the name again, with TLS proving the name. What is spoken over it is in outbound-websocket.ts and
 * outbound-request.ts.
 */
import type { OutboundTarget } from "./url.ts";

/** The other side was not reached, or did not answer as it must. The message is for the log. */
export class OutboundUnreachable extends Error {
  override readonly name = "OutboundUnreachable";
}

/** Deadline for something that cannot be cancelled: what comes late is handed to `discard`. */
export async function before<Value>(
  work: Promise<Value>,
  deadline: number,
  discard: (late: Value) => void,
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLate = false;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isLate = true;
      reject(new OutboundUnreachable("no answer in time"));
    }, Math.max(0, deadline - Date.now()));
  });
  work.then((value) => isLate && discard(value), () => {}); // its failure is the race's
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Connects to the checked addresses, one after the other, and proves the name by TLS.
 *
 * @param caCerts PEM certificates to trust besides the system's. For tests.
 * @throws OutboundUnreachable
 */
export async function dial(target: OutboundTarget, deadline: number, caCerts?: string[]) {
  let failure: unknown;
  for (const hostname of target.hosts) {
    let connection: Deno.Conn | undefined;
    try {
      const dialing = Deno.connect({ hostname, port: target.port });
      const tcp = connection = await before(dialing, deadline, (late) => late.close());
      tcp.setNoDelay();
      if (target.tlsName === null) return tcp;
      const options = { hostname: target.tlsName, caCerts, alpnProtocols: ["http/1.1"] };
      const securing = Deno.startTls(tcp, options);
      const tls = connection = await before(securing, deadline, (late) => late.close());
      await before(tls.handshake(), deadline, () => {});
      return tls;
    } catch (error) {
      failure = error;
      close(connection);
      if (Date.now() >= deadline) break;
    }
  }
  throw new OutboundUnreachable(`${target.host} was not reached`, { cause: failure });
}

/** Closes a connection, also one that has ended by itself. */
export function close(connection: Deno.Conn | undefined): void {
  try {
    connection?.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // it had ended by itself
  }
}

/** Writes all of the bytes. */
export async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}
