/** How much of a limit a workspace has, kept for as long as permissions are: at most 2 s. */
import { createBoundedMap } from "../bounded-map.ts";
import type { Database } from "../database.ts";
import { ApiError } from "../errors.ts";
import { memoryLifetime } from "./permissions.ts";

/** An isolate's view of the limits, and of what people hold open here. */
export interface Limits {
  /** Null: no bound. Simultaneous questions about the same are one lookup. */
  of(workspace: string | null, name: string): Promise<number | null>;
  /**
   * Counts one more thing that a person holds open in this isolate, until what is returned is called.
   *
   * @throws ApiError 429 `limit_reached` when they hold as many as they may
   */
  hold(limit: string, person: string, allowed: number | null): () => void;
  /**
   * Does a person's work that takes long, of which they may do so much at once: who has as much under
   * way is told before a connection is taken. The database says the same for all isolates together.
   *
   * @throws ApiError 429 `limit_reached`
   */
  during<Result>(
    limit: string,
    workspace: string | null,
    person: string | null,
    work: () => Promise<Result>,
  ): Promise<Result>;
}

/** 429: it frees when one of them ends. */
function limitReached(limit: string, used: number, allowed: number): ApiError {
  return new ApiError(
    429,
    "limit_reached",
    `The limit ${limit} of the person is reached: ${used} of ${allowed} in use.`,
    {
      hint: "Wait until one of them has ended.",
      details: { limit, used, allowed, unit: "at once", frees_at: null },
      headers: { "retry-after": "1" },
    },
  );
}

/** Makes the isolate's view. */
export function createLimits(database: Database, now: () => number = Date.now): Limits {
  const known = createBoundedMap<string, { value: Promise<number | null>; goodUntil: number }>(
    20_000,
  );
  const held = new Map<string, number>();

  async function read(workspace: string | null, name: string): Promise<number | null> {
    const [row] = await database.run((sql) =>
      sql<{ value: number | null }[]>`select private.limit_of(${workspace}, ${name}) as value`
    );
    return row ? row.value : 0;
  }

  const limits: Limits = {
    of(workspace, name) {
      const key = `${workspace} ${name}`;
      const kept = known.get(key);
      if (kept && kept.goodUntil > now()) return kept.value;
      const value = read(workspace, name);
      value.catch(() => known.delete(key));
      known.set(key, { value, goodUntil: now() + memoryLifetime });
      return value;
    },
    hold(limit, person, allowed) {
      const key = `${limit} ${person}`;
      const used = held.get(key) ?? 0;
      if (allowed !== null && used >= allowed) throw limitReached(limit, used, allowed);
      held.set(key, used + 1);
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        const left = (held.get(key) ?? 1) - 1;
        if (left > 0) held.set(key, left);
        else held.delete(key);
      };
    },
    async during(limit, workspace, person, work) {
      if (person === null) return await work();
      const letGo = limits.hold(limit, person, await limits.of(workspace, limit));
      try {
        return await work();
      } finally {
        letGo();
      }
    },
  };
  return limits;
}
