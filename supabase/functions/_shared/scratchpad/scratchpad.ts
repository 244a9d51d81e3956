/**
 * The fast memory, as one interface with two implementations: Redis and unlogged tables.
 *
 * It holds only what can be rebuilt. Losing it makes things slower and loses nothing.
 *
 * Permission answers need more than get and set. A reader that loaded revision 5 must not write it
 * back after a revoke made revision 6: a *floor* per person, raised by whoever revokes, refuses it.
 * A scratchpad that restarted empty has lost its floors: its *epoch*, a random word made when
 * absent, is read together with each miss, kept beside each answer, and a write back under another
 * epoch is refused. An answer of another epoch is not believed.
 */

/** What JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };

/** A person's kept answer and the revision of their permissions that it was read at. */
export interface KeptAnswer {
  readonly revision: number;
  readonly value: Json;
}

/** What became of a write back. */
export type WriteBack = "written" | "below_floor" | "other_epoch";

/** Someone or something that is in a set until it ends. */
export interface Member {
  readonly member: string;
  readonly info: Json;
  /** Milliseconds since 1970, by the scratchpad's clock. */
  readonly endsAt: number;
}

/** The fast memory. Times to live are in seconds. */
export interface Scratchpad {
  readonly kind: "redis" | "postgres";

  /** A person's answer of this epoch, if one is kept, and the epoch under which one may be written back. */
  readAnswer(user: string): Promise<{ epoch: string; answer: KeptAnswer | null }>;
  /** Keeps an answer unless the floor or the epoch forbids it. */
  writeBack(user: string, answer: KeptAnswer, epoch: string, ttl: number): Promise<WriteBack>;
  /** Nothing older than these revisions is believed or written back for ten minutes. A floor never sinks. */
  raiseFloors(floors: ReadonlyMap<string, number>): Promise<void>;
  /** Begins another epoch: nothing kept before is believed any more. */
  renewEpoch(): Promise<void>;

  /** Counts into a window that ends by itself `window` seconds after its first hit, and returns the count. */
  hit(key: string, amount: number, window: number): Promise<number>;

  get(key: string): Promise<Json>;
  set(key: string, value: Json, ttl: number): Promise<void>;
  /**
   * Sets a key that is there, and leaves one that is not: what was removed does not come back. False when it was not
   * there.
   */
  replace(key: string, value: Json, ttl: number): Promise<boolean>;
  remove(keys: string[]): Promise<void>;

  /** Puts a member into a set, or keeps it there, for `ttl` seconds. True when it was not there. */
  join(key: string, member: string, info: Json, ttl: number): Promise<boolean>;
  /** Takes a member out. True when it was there. */
  leave(key: string, member: string): Promise<boolean>;
  /** Who is in the set now; those whose time has ended are swept. */
  members(key: string): Promise<Member[]>;

  /**
   * Adds texts to the end of a list, the first of them as number `first`. Those that the list has
   * already are passed over; where it has not got as far as `first` nothing is added and
   * `isGap` is true. Either way `next` is the number that the list goes on with.
   */
  append(
    key: string,
    first: number,
    chunks: string[],
    ttl: number,
  ): Promise<{ next: number; isGap: boolean }>;
  /** The list from number `first` on, at most `most` texts. */
  readChunks(key: string, first: number, most: number): Promise<string[]>;
  /** How long a list goes on to live. */
  expireChunks(key: string, ttl: number): Promise<void>;
}

/** Seconds that a floor lives: longer than any read takes, and than any answer is kept. */
export const floorTtl = 600;
