/** What several parts of a page use at once, and is there once: a channel, a heartbeat. */

/** Milliseconds for which it is kept after the last has let go: parts of a page go and come back. */
const grace = 1_000;

/** What is kept of one key. */
interface Kept<Resource> {
  /** Null when nobody needs it. */
  resource: Resource | null;
  users: number;
  timer?: ReturnType<typeof setTimeout>;
  /** What the last closing comes to. */
  closed: Promise<unknown>;
}

/**
 * Keeps one resource for each client and key.
 *
 * @param open is given what the last closing of the same comes to: two at once would be in each other's way
 * @returns a function that lends it, and what lets go of it
 */
export function createShared<Client extends object, Resource extends object>(
  open: (client: Client, key: string, closed: Promise<unknown>) => Resource,
  close: (resource: Resource) => Promise<unknown>,
): (client: Client, key: string) => { resource: Resource; release: () => void } {
  const all = new WeakMap<Client, Map<string, Kept<Resource>>>();
  return (client, key) => {
    let here = all.get(client);
    if (!here) all.set(client, here = new Map());
    const kept = here.get(key) ?? { resource: null, users: 0, closed: Promise.resolve() };
    here.set(key, kept);
    clearTimeout(kept.timer);
    kept.users++;
    const resource = kept.resource ??= open(client, key, kept.closed);
    return {
      resource,
      release() {
        if (--kept.users > 0) return;
        kept.timer = setTimeout(() => {
          kept.resource = null;
          kept.closed = close(resource).catch(() => {});
        }, grace);
      },
    };
  };
}
