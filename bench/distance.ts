/** A TCP forwarder that lets everything arrive late: a database that is not on the same machine. */
export interface Distance {
  port: number;
  stop(): Promise<void>;
}

/** Copies what comes, each piece as many milliseconds late, in order. */
async function forward(from: Deno.TcpConn, to: Deno.TcpConn, delay: number): Promise<void> {
  let written = Promise.resolve();
  try {
    for await (const piece of from.readable) {
      const due = new Promise((resolve) => setTimeout(resolve, delay));
      written = written.then(async () => {
        await due;
        for (let sent = 0; sent < piece.length;) sent += await to.write(piece.subarray(sent));
      });
      // Told below, with the last of them.
      written.catch(() => {});
    }
    await written;
    await to.closeWrite();
  } catch {
    // Either side may hang up; the other is then told by its connection.
  }
}

/**
 * Starts one on loopback.
 *
 * @param target the port that it stands before
 * @param delay milliseconds in each direction
 */
export function startDistance(target: number, delay: number): Distance {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const serving = (async () => {
    for await (const near of listener) {
      const far = await Deno.connect({ hostname: "127.0.0.1", port: target });
      far.setNoDelay();
      near.setNoDelay();
      open.add(near).add(far);
      forward(near, far, delay);
      forward(far, near, delay);
    }
  })();
  return {
    port: listener.addr.port,
    async stop() {
      listener.close();
      await serving;
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // Closed with its stream.
        }
      }
    },
  };
}
