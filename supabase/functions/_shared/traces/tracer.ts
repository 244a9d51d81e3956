/**
 * The isolate's traces. A trace that a request came with is passed on to whatever is asked or left
 * to do for it, also where none is recorded here; spans are recorded where there is a collector and
 * the trace is sampled.
 */
import type { Collector, Exporter } from "./exporter.ts";
import { beginSpan, type EndedSpan, passOn, type Span } from "./span.ts";
import { makeSpanId, makeTraceId, readTraceparent, type TraceContext } from "./traceparent.ts";

/** How traces are recorded; null where they are not. */
export interface TraceSettings extends Collector {
  /** Of the traces that begin here so many are recorded, 0 to 1. Others as whoever began them wants it. */
  readonly ratio: number;
}

/** Begins spans. */
export interface Tracer {
  /** For a request with this header. Undefined where nothing is recorded and nothing to be passed on. */
  enter(header: string | null, name: string): Span | undefined;
  /** A part of a span, such as asking somebody else. */
  within(parent: Span, name: string, kind: EndedSpan["kind"]): Span;
  flush(): Promise<void>;
  stop(): void;
}

/** Without a collector. */
export const passingTracer: Tracer = {
  enter(header) {
    if (header === null) return undefined;
    const context = readTraceparent(header);
    return context ? passOn(context) : undefined;
  },
  within: (parent) => parent,
  flush: () => Promise.resolve(),
  stop() {},
};

/** Makes the isolate's tracer. `random` is for tests. */
export function createTracer(
  exporter: Exporter,
  ratio: number,
  server: EndedSpan["kind"],
  random: () => number = Math.random,
): Tracer {
  const unrecorded = (parent: TraceContext | null): TraceContext =>
    parent ?? { traceId: makeTraceId(), spanId: makeSpanId(), isSampled: false };
  return {
    enter(header, name) {
      const parent = readTraceparent(header);
      const isSampled = parent ? parent.isSampled : random() < ratio;
      return isSampled ? beginSpan(exporter.add, parent, name, server) : passOn(unrecorded(parent));
    },
    within: (parent, name, kind) =>
      parent.context.isSampled ? beginSpan(exporter.add, parent.context, name, kind) : parent,
    flush: exporter.flush,
    stop: exporter.stop,
  };
}
