/** Ports: free ones, and what to say about taken ones. */

/** Somebody else listens there already. */
export class PortTakenError extends Error {
  override name = "PortTakenError";
  constructor(public readonly port: number, public readonly purpose: string) {
    super(
      `Port ${port}, wanted for ${purpose}, is taken. ` +
        "Is a stack running already (another `npm start`, or `supabase start`)? " +
        "Stop it, or choose other ports: npm start -- --port <API port> --db-port <database port>",
    );
  }
}

/**
 * A port that nobody listens on at this moment, for a server that begins later, or again. It is below those that
 * systems take for outgoing connections (Linux from 32768, macOS and Windows from 49152): by then one of them may be
 * the local end of somebody's request.
 */
export function findFreePort(first = 10_000, end = 32_768): number {
  for (;;) {
    const port = first + Math.floor(Math.random() * (end - first));
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/**
 * Listens on a port by calling `listen`. The platform's ports lie in the range from which systems take ports for
 * outgoing connections, so that one may be in use for a moment without anybody listening: then it is tried again for a
 * while.
 * @throws PortTakenError when somebody listens there
 */
export async function listenOn<T>(
  port: number,
  purpose: string,
  listen: () => T | Promise<T>,
): Promise<T> {
  for (let attempt = 0;; attempt++) {
    try {
      return await listen();
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      if (attempt >= 50 || await isAnswering(port)) throw new PortTakenError(port, purpose);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Whether somebody takes connections there. */
export async function isAnswering(port: number): Promise<boolean> {
  try {
    using _connection = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}
