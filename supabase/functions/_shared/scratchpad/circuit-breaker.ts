/**
 * A circuit breaker: after repeated failures nobody tries for a while, and one probe in the
 * background finds out when it works again.
 *
 *   closed ── failures in a row, or trip() ──► open ── pause over: one probe ──► half-open
 *     ▲                                         ▲                                │  │
 *     └──────────── the probe succeeded ────────┼────────────────────────────────┘  │
 *                                               └──── it failed: a longer pause ────┘
 */
import { forAll } from "../statements.ts";

/** Where a breaker stands. */
export type BreakerState = "closed" | "open" | "half-open";

/** A breaker around one thing that may fail. */
export interface CircuitBreaker {
  readonly state: BreakerState;
  /** Times it opened since the isolate began. */
  readonly openings: number;
  /** Milliseconds since 1970 of the latest opening or closing; 0 before the first. */
  readonly changedAt: number;
  /** Runs `work` when closed; throws `BreakerOpen` at once when not. A failure counts. */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Opens now: something was missed that must not be. */
  trip(): void;
  /** Stops probing. */
  stop(): void;
}

/** Thrown instead of trying. */
export class BreakerOpen extends Error {
  override readonly name = "BreakerOpen";
}

/** How a breaker behaves; times in milliseconds. */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  failures?: number;
  firstPause?: number;
  longestPause?: number;
  /** Resolves when the thing works again. Runs once per pause, before anyone else is let through. */
  probe: () => Promise<void>;
  onChange?: (state: BreakerState) => void;
}

/** Makes a closed breaker. */
export function createCircuitBreaker(options: BreakerOptions): CircuitBreaker {
  const { failures: allowed = 3, firstPause = 250, longestPause = 5000 } = options;
  let state: BreakerState = "closed";
  let failures = 0;
  let openings = 0;
  let changedAt = 0;
  let pause = firstPause;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function become(next: BreakerState): void {
    state = next;
    if (next !== "half-open") changedAt = Date.now();
    options.onChange?.(next);
  }

  function waitThenProbe(): void {
    // Up to a fifth longer, so that isolates which failed together do not probe together.
    timer = setTimeout(() => forAll(probe), pause * (1 + Math.random() / 5));
    Deno.unrefTimer(Number(timer));
    pause = Math.min(pause * 2, longestPause);
  }

  async function probe(): Promise<void> {
    become("half-open");
    try {
      await options.probe();
      failures = 0;
      pause = firstPause;
      become("closed");
    } catch {
      become("open");
      waitThenProbe();
    }
  }

  function open(): void {
    if (state !== "closed") return;
    openings++;
    become("open");
    waitThenProbe();
  }

  return {
    get state() {
      return state;
    },
    get openings() {
      return openings;
    },
    get changedAt() {
      return changedAt;
    },
    async run(work) {
      if (state !== "closed") throw new BreakerOpen("not tried: it failed a moment ago");
      try {
        const result = await work();
        failures = 0;
        return result;
      } catch (error) {
        if (++failures >= allowed) open();
        throw error;
      }
    },
    trip: open,
    stop() {
      clearTimeout(timer);
    },
  };
}
