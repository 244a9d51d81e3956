/** What a project of the platform's free plan may do, and how it is counted. */

/** Bounds; a test sets smaller ones. */
export interface Limits {
  /** Sockets that have joined a channel. */
  connections: number;
  channelsPerConnection: number;
  joinsPerSecond: number;
  /** Broadcasts sent and heard, of all clients together. */
  eventsPerSecond: number;
  presenceEventsPerSecond: number;
  /** `track` and `untrack` of one channel of one client. */
  presenceCalls: number;
  presenceWindowSeconds: number;
  /** Of one broadcast or presence, in kilobytes. */
  payloadKilobytes: number;
  /** A rate is the average over so long. */
  windowSeconds: number;
  /** A client that says nothing for so long is gone; realtime-js sends a heartbeat every 25 s. */
  silenceSeconds: number;
  /** Bytes that may wait for a client that does not read; then it is cut off, and comes back. */
  waitingBytes: number;
  /** Messages of one client that may wait to be worked off. */
  waitingMessages: number;
  /** Of one frame; the platform's server closes the socket as well. */
  frameBytes: number;
}

/** The platform's free plan. */
export const freePlan: Limits = {
  connections: 200,
  channelsPerConnection: 100,
  joinsPerSecond: 100,
  eventsPerSecond: 100,
  presenceEventsPerSecond: 20,
  presenceCalls: 5,
  presenceWindowSeconds: 30,
  payloadKilobytes: 256,
  windowSeconds: 60,
  silenceSeconds: 60,
  waitingBytes: 8_000_000,
  waitingMessages: 1_000,
  frameBytes: 5_000_000,
};

/** The platform measures a payload in its own encoding and allows for what that adds. */
const payloadPadding = 500;

/** Whether a payload of so many bytes may be sent. */
export const fits = (bytes: number, limits: Limits): boolean =>
  bytes <= limits.payloadKilobytes * 1000 + payloadPadding;

/** Counts what happens in a sliding window. */
export interface Rate {
  add(count?: number): void;
  /** Whether the average, with so many more, is above what is allowed. */
  isAbove(more?: number): boolean;
}

/** A rate of at most `perSecond`, averaged over the window. */
export function createRate(perSecond: number, windowSeconds: number): Rate {
  const buckets = new Map<number, number>();
  const second = () => Math.floor(performance.now() / 1000);
  return {
    add(count = 1) {
      const now = second();
      buckets.set(now, (buckets.get(now) ?? 0) + count);
      for (const known of buckets.keys()) if (known <= now - windowSeconds) buckets.delete(known);
    },
    isAbove(more = 0) {
      const since = second() - windowSeconds;
      let total = more;
      for (const [when, count] of buckets) if (when > since) total += count;
      return total > perSecond * windowSeconds;
    },
  };
}
