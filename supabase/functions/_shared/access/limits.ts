/** How much of a limit a workspace has, kept for as long as permissions are: at most 2 s. */
import { inBackground } from "../background.ts";
import { createBoundedMap } from "../bounded-map.ts";
import type { Database } from "../database.ts";
import { ApiError } from "../errors.ts";
import { log } from "../log.ts";
import type { FailoverScratchpad } from "../scratchpad/failover.ts";
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
   * The same, counted over all isolates together, by places in the fast memory. Of two who take the
   * last place at once both may be refused; never have both it. Where an isolate dies, what it held is free
   * after 45 s; where the fast memory cannot be asked, this isolate counts alone.
   *
   * @throws ApiError 429 `limit_reached` when they hold as many as they may
   */
  holdEverywhere(limit: string, person: string, allowed: number | null): Promise<() => void>;
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

/** Seconds that a place is held without a sign of life, and between two of them. */
const placeTtl = 45;
const signOfLife = 15;

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
export function createLimits(
  database: Database,
  scratchpad: Pick<FailoverScratchpad, "use">,
  now: () => number = Date.now,
): Limits {
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
    async holdEverywhere(limit, person, allowed) {
      const letGo = limits.hold(limit, person, allowed);
      if (allowed === null) return letGo;
      const key = `held:${limit}:${person}`;
      const place = crypto.randomUUID();
      const sign = () => scratchpad.use((pad) => pad.join(key, place, {}, placeTtl));
      const leave = () => scratchpad.use((pad) => pad.leave(key, place));
      try {
        await sign();
        const used = (await scratchpad.use((pad) => pad.members(key))).length;
        if (used > allowed) {
          inBackground("leaving a place", leave());
          throw limitReached(limit, used - 1, allowed);
        }
      } catch (error) {
        if (error instanceof ApiError && error.code === "limit_reached") {
          letGo();
          throw error;
        }
        log("warning", "places are counted in this isolate alone", { error });
      }
      const timer = setInterval(
        () => inBackground("keeping a place", sign()),
        signOfLife * 1000,
      );
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        clearInterval(timer);
        letGo();
        inBackground("leaving a place", leave());
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
