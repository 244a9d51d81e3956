/**
 * A map that cannot grow without end, for what an isolate keeps in memory.
 *
 * Two generations take the place of a strict least-recently-used order: reading costs one lookup
 * and moves nothing, and what was not read during a whole generation is forgotten at once.
 */
export interface BoundedMap<Key, Value> {
  get(key: Key): Value | undefined;
  /** @param weight how much of the limit the value takes; 1 unless given */
  set(key: Key, value: Value, weight?: number): void;
  delete(key: Key): void;
  clear(): void;
  /** Entries in memory, for the figures. */
  readonly size: number;
}

/**
 * Makes a map that holds at most `limit` in weight.
 *
 * @example
 * ```ts
 * const tokens = createBoundedMap<string, Caller>(10_000);
 * ```
 */
export function createBoundedMap<Key, Value>(limit: number): BoundedMap<Key, Value> {
  interface Box {
    value: Value;
    weight: number;
  }
  const half = Math.max(1, Math.floor(limit / 2));
  let young = new Map<Key, Box>();
  let old = new Map<Key, Box>();
  let weightOfYoung = 0;

  function put(key: Key, box: Box): void {
    if (box.weight > half) return; // would push out everything else: not kept at all
    if (weightOfYoung + box.weight > half) {
      old = young;
      young = new Map();
      weightOfYoung = 0;
    }
    weightOfYoung += box.weight;
    young.set(key, box);
  }

  function remove(key: Key): void {
    weightOfYoung -= young.get(key)?.weight ?? 0;
    young.delete(key);
    old.delete(key);
  }

  return {
    get(key) {
      const box = young.get(key);
      if (box !== undefined) return box.value;
      const older = old.get(key);
      if (older === undefined) return undefined;
      old.delete(key);
      put(key, older);
      return older.value;
    },
    set(key, value, weight = 1) {
      remove(key);
      put(key, { value, weight });
    },
    delete: remove,
    clear() {
      young = new Map();
      old = new Map();
      weightOfYoung = 0;
    },
    get size() {
      return young.size + old.size;
    },
  };
}
