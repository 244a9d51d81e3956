/**
 * How long this isolate lives.
 *
 * The platform ends an isolate at half its wall clock when nothing holds it (`inBackground` does),
 * and at its wall clock whatever holds it, sockets and streams in the middle of a word. So what
 * stays open is held, and handed over at a last call that comes before the end: by our own clock,
 * or when the platform says that the end is near, whichever is first.
 */

/** The isolate's time. */
export interface Lifetime {
  /** Milliseconds since 1970 at which what is open is handed over. */
  readonly lastCall: number;
  /** Calls once at the last call, at once when it has been. @returns what takes that back */
  onLastCall(listener: () => void): () => void;
}

/** Milliseconds that handing over may take, or a quarter of a wall clock that is shorter than a minute. */
const longestHandover = 15_000;
const longestTimer = 2 ** 31 - 1;

/** Milliseconds that an isolate may take until this module is evaluated. */
const longestBoot = 30_000;

/**
 * When the isolate was made: what it loads until this module is evaluated is a part of its time. A
 * runtime whose clock began with something older than the isolate is not asked.
 */
export function findBirth(origin: number, now: number): number {
  return origin <= now && now - origin < longestBoot ? origin : now;
}

/** This isolate's. */
export const born: number = findBirth(performance.timeOrigin, Date.now());

/** Milliseconds since 1970 at which an isolate that was born then hands over; `wallClock` in seconds. */
export function findLastCall(wallClock: number, birth: number): number {
  const whole = wallClock * 1000;
  return birth + whole - Math.min(longestHandover, whole / 4);
}

/**
 * Watches the isolate's time.
 *
 * @param events where `beforeunload` is raised
 */
export function createLifetime(
  wallClock: number,
  birth: number = born,
  events: Pick<EventTarget, "addEventListener"> = globalThis,
): Lifetime {
  const listeners = new Set<() => void>();
  let isOver = false;
  const lastCall = findLastCall(wallClock, birth);

  // An early drop comes when nothing is held: then there is nothing to hand over.
  events.addEventListener("beforeunload", (event: Event) => {
    const reason = (event as CustomEvent<{ reason?: string } | null>).detail?.reason;
    if (reason === undefined || reason === "early_drop") return;
    isOver = true;
    for (const listener of [...listeners]) listener();
  });

  return {
    lastCall,
    onLastCall(listener) {
      const call = () => {
        stop();
        listener();
      };
      const left = isOver ? 0 : Math.max(0, lastCall - Date.now());
      const timer = setTimeout(call, Math.min(left, longestTimer));
      const stop = () => {
        clearTimeout(timer);
        listeners.delete(call);
      };
      listeners.add(call);
      return stop;
    },
  };
}
