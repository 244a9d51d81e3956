/** Work that outlives the answer. */
import { log } from "./log.ts";

interface EdgeRuntime {
  waitUntil(promise: Promise<unknown>): void;
}

/**
 * Lets work go on after the answer has left, and keeps the isolate alive for it where the platform
 * offers that. A failure is logged, never thrown.
 */
export function inBackground(what: string, work: Promise<unknown>): void {
  const guarded = work.catch((error) => log("warning", `${what} failed`, { error }));
  const runtime = (globalThis as { EdgeRuntime?: EdgeRuntime }).EdgeRuntime;
  runtime?.waitUntil(guarded);
}
