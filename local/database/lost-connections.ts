/**
 * Connections that postgres.js loses: within a transaction it writes on to a socket that is gone
 * (porsager/postgres#1208). That throws, or rejects, outside of any query, so that nobody can catch it; and that
 * connection is never opened again.
 */

/** Hears of each such loss, which then does not end the program. What else is thrown is left alone. */
export function onLostConnection(act: (error: Error) => void): void {
  const hear = (event: Event, error: unknown) => {
    if (!(error instanceof Error) || !error.stack?.includes("nextWrite")) return;
    event.preventDefault();
    act(error);
  };
  addEventListener("error", (event) => hear(event, event.error));
  addEventListener("unhandledrejection", (event) => hear(event, event.reason));
}
