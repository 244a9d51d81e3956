/**
 * The isolate's traces. A trace that a request came with is passed on to whatever is asked or left
 * to do for it, also where none is recorded here; spans are recorded where there is a collector and
 * the trace is sampled.
 */
import { describeQuery, hearStatements } from "../statements.ts";
import type { Collector, Exporter } from "./exporter.ts";
import { beginSpan, type EndedSpan, kinds, passOn, type Sink, type Span } from "./span.ts";
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
  /** Does the work of a span: each statement that it sends is a part of it, also after the answer has begun. */
  run<Result>(span: Span, work: () => Result): Result;
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
  run: (_span, work) => work(),
  flush: () => Promise.resolve(),
  stop() {},
};

/** A statement of the database, with the names that OpenTelemetry has for it. */
function beginStatementOf(span: Span, sink: Sink) {
  const statement = beginSpan(sink, span.context, "QUERY", kinds.client);
  return (query: Parameters<typeof describeQuery>[0], error?: unknown) => {
    const { operation, summary } = describeQuery(query);
    const { code } = (error ?? {}) as { code?: unknown };
    const isState = typeof code === "string" && /^[0-9A-Z]{5}$/.test(code);
    statement.set({
      "db.system.name": "postgresql",
      "db.operation.name": operation,
      "db.query.summary": summary,
      "db.response.status_code": isState ? code : undefined,
      "error.type": error === undefined ? undefined : typeof code === "string" ? code : "_OTHER",
    });
    statement.end({ name: summary, isError: error !== undefined });
  };
}

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
    run: (span, work) =>
      span.context.isSampled
        ? hearStatements(() => beginStatementOf(span, exporter.add), work)
        : work(),
    flush: exporter.flush,
    stop: exporter.stop,
  };
}
