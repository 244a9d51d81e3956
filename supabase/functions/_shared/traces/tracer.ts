/**
 * The isolate's traces. A trace that a request came with is passed on to whatever is asked or left
 * to do for it, also where none is recorded here; spans are recorded where there is a collector and
 * the trace is sampled.
 */
import type { Collector, Exporter } from "./exporter.ts";
import { beginSpan, type EndedSpan, passOn, type Span } from "./span.ts";
import {
  makeSpanId,
  makeTraceId,
  readTraceparent,
  readTracestate,
  type TraceContext,
} from "./traceparent.ts";

/** How traces are recorded; null where they are not. */
export interface TraceSettings extends Collector {
  /** Of the traces that begin here so many are recorded, 0 to 1. Others as whoever began them wants it. */
  readonly ratio: number;
}

/** Begins spans. */
export interface Tracer {
  /**
   * For a request with this header, and its `tracestate`. Undefined where nothing is recorded and nothing to be
   * passed on.
   */
  enter(header: string | null, name: string, state?: string | null): Span | undefined;
  /** A part of a span, such as asking somebody else. */
  within(parent: Span, name: string, kind: EndedSpan["kind"]): Span;
  flush(): Promise<void>;
  stop(): void;
}

/** What the headers say. What vendors say of a trace is nothing without the trace. */
function readContext(header: string | null, state: string | null = null): TraceContext | null {
  const context = readTraceparent(header);
  if (context === null || state === null) return context;
  const read = readTracestate(state);
  return read === undefined ? context : { ...context, state: read };
}

/** Without a collector. */
export const passingTracer: Tracer = {
  enter(header, _name, state) {
    if (header === null) return undefined;
    const context = readContext(header, state);
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
    enter(header, name, state) {
      const parent = readContext(header, state);
      const isSampled = parent ? parent.isSampled : random() < ratio;
      return isSampled ? beginSpan(exporter.add, parent, name, server) : passOn(unrecorded(parent));
    },
    within: (parent, name, kind) =>
      parent.context.isSampled ? beginSpan(exporter.add, parent.context, name, kind) : parent,
    flush: exporter.flush,
    stop: exporter.stop,
  };
}
