/**
 * What has said nothing for a while hangs; what goes on saying something may take as long as it needs. A machine on
 * which more wants to run than it has cores makes everybody slower, so there the while is longer.
 */

/** Two minutes: no test of ours is silent for longer on a quiet machine. */
const LONGEST_SILENCE_MS = 120_000;
const MOST_PATIENCE = 5;

/** Somebody who listens. */
export interface Listener {
  /** Something was said: the while begins anew. */
  heard(): void;
  end(): void;
}

/** How long silence is borne, on a machine where this many want to run on this many cores. */
export function longestSilence(
  wanting: number,
  cores: number,
  quiet: number = LONGEST_SILENCE_MS,
): number {
  return quiet * Math.min(MOST_PATIENCE, Math.max(1, wanting / cores));
}

/**
 * Calls back once when nothing was heard for too long.
 *
 * @param onSilence gets the seconds for which nothing was said
 * @param quiet milliseconds that silence is borne on a quiet machine
 */
export function listen(onSilence: (seconds: number) => void, quiet?: number): Listener {
  let last = performance.now();
  const timer = setInterval(() => {
    const silent = performance.now() - last;
    const [wanting = 0] = Deno.loadavg();
    if (silent < longestSilence(wanting, navigator.hardwareConcurrency, quiet)) return;
    clearInterval(timer);
    onSilence(Math.round(silent / 1000));
  }, Math.min(1000, quiet ?? 1000));
  return {
    heard: () => last = performance.now(),
    end: () => clearInterval(timer),
  };
}

/** The end of who said nothing for too long. */
export class GivenUp extends Error {
  override name = "GivenUp";
}

/**
 * Rejects with GivenUp, saying at what, when a step of the body takes too long. The body goes on: nothing can stop it.
 */
export async function giveUpOnSilence<T>(
  body: (listener: { at: (what: string) => void }) => Promise<T>,
  quiet?: number,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  let place = "the beginning";
  const listener = listen(
    (seconds) => reject(new GivenUp(`given up: nothing for ${seconds} s, at ${place}`)),
    quiet,
  );
  try {
    const at = (what: string) => {
      place = what;
      listener.heard();
    };
    return await Promise.race([body({ at }), promise]);
  } finally {
    listener.end();
  }
}
