/** Servers on loopback that the tests ask: what somebody else's server may do, these can do. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { assert } from "../asserts.ts";

/** An HTTP server. Node's, for it can break a connection off at any moment. */
export async function serveRequests(
  answer: RequestListener,
): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        // First: on Deno 2.1.4 a server that is closing closes nothing any more, and waits.
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/**
 * A server of bare connections.
 *
 * @param serve is given each one, with the text that came first over it
 */
export function serveConnections(
  serve: (connection: Deno.Conn, first: string) => Promise<void>,
): AsyncDisposable & { port: number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  const listening = (async () => {
    for await (const connection of listener) {
      open.push(connection);
      const bytes = new Uint8Array(65_536);
      const count = await connection.read(bytes).catch(() => null) ?? 0;
      await serve(connection, new TextDecoder().decode(bytes.subarray(0, count)));
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch (error) {
          assert(error instanceof Deno.errors.BadResource);
        }
      }
      await listening.catch(() => {});
    },
  };
}
