/** Changes of tables, for the channels that asked for `postgres_changes`. */
import type { Channel } from "../channel.ts";

/** What a client asked for, with the number that its messages will name. */
export type Binding = Record<string, unknown> & { id: number };

/** Where a server's channels subscribe to changes. */
export interface ChangeFeed {
  /**
   * Subscribes a channel to what it asked for, and tells it by a `system` message how that went.
   * @returns whenKnown: why it is refused, or null
   */
  subscribe(channel: Channel): { bindings: Binding[]; whenKnown: Promise<string | null> };
  /** The channel's person has a new token. */
  renew(channel: Channel): Promise<void>;
  forget(channel: Channel): void;
  stop(): Promise<void>;
}

/** Numbers what a channel asked for. The client takes a number for granted that is not zero. */
export const bind = (channel: Channel): Binding[] =>
  channel.asked.postgres_changes.map((asked, index) => ({ ...asked, id: index + 1 }));

/** For a database that cannot decode its log: says so, and what to use instead. */
export function refuseChanges(reason: string): ChangeFeed {
  return {
    subscribe(channel) {
      const bindings = bind(channel);
      if (bindings.length === 0) return { bindings, whenKnown: Promise.resolve(null) };
      queueMicrotask(() => channel.tellSystem("postgres_changes", "error", reason));
      return { bindings, whenKnown: Promise.resolve(reason) };
    },
    renew: () => Promise.resolve(),
    forget() {},
    stop: () => Promise.resolve(),
  };
}
