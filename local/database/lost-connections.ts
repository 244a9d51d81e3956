/**
 * Connections that postgres.js loses where nobody can catch it, outside of any query. Within a transaction it writes on
 * to a socket that is gone (porsager/postgres#1208), which throws or rejects; that connection is never opened again.
 * And it asks each new connection for the types of arrays, which rejects when the server dies before it answers.
 */
import type postgres from "postgres";

/** Hears of each such loss, which then does not end the program. What else is thrown is left alone. */
export function onLostConnection(act: (error: Error) => void): void {
  const hear = (event: Event, error: unknown) => {
    if (!(error instanceof Error) || !isLost(error)) return;
    event.preventDefault();
    act(error);
  };
  addEventListener("error", (event) => hear(event, event.error));
  addEventListener("unhandledrejection", (event) => hear(event, event.reason));
}

const isLost = (error: Error & { query?: unknown }): boolean =>
  error.stack?.includes("nextWrite") || String(error.query).includes("b.typarray");

let isHeard = false;
/** What a client that was given up still has is refused after so many seconds. */
const patience = 10;

/**
 * A client that lives on: when it loses a connection it is another one, and what waits on the old one for an answer
 * that never comes is refused. Each program that outlives its server opens its clients so.
 *
 * @param open makes a client that tells when a connection of it has closed: at once, after each loss, and one for
 * listening, which begins again by itself. A loss is not always heard of in another way.
 */
export function keepOpen<T extends Record<string, unknown>>(
  open: (onclose: () => void) => postgres.Sql<T>,
): postgres.Sql<T> {
  if (!isHeard) onLostConnection(() => {}); // it ends nobody; the client tells of its connection
  isHeard = true;
  const begin = (): postgres.Sql<T> => {
    const client = open(() => {
      if (client !== current) return;
      current = begin();
      client.end({ timeout: patience }).catch(() => {}); // it is lost already
    });
    return client;
  };
  let current = begin();
  let listening: postgres.Sql<T> | undefined;
  const own: Partial<postgres.Sql<T>> = {
    listen: (...told) => (listening ??= open(() => {})).listen(...told),
    end: async (how) => void await Promise.all([current.end(how), listening?.end(how)]),
  };
  return new Proxy(current, {
    apply: (_, self, given) => Reflect.apply(current, self, given),
    get: (_, name) => Reflect.get(own, name) ?? Reflect.get(current, name),
  });
}
