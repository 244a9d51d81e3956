/**
 * The isolate's traces. A trace that a request came with is passed on to whatever is asked or left
 * to do for it, also where none is recorded here; spans are recorded where there is a collector and
 * the trace is sampled.
 */
import { describeQuery, hearStatements, type StatementEnd, type Summary } from "../statements.ts";
import type { Collector, Exporter } from "./exporter.ts";
import {
  type Attributes,
  beginSpan,
  type EndedSpan,
  kinds,
  passOn,
  placeBelow,
  type Sink,
  type Span,
} from "./span.ts";
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

/** By what a query is called: the names that OpenTelemetry has for it. Frozen, so that they are formatted once. */
const named = new WeakMap<Summary, Attributes>();
function nameStatement(called: Summary): Attributes {
  let attributes = named.get(called);
  if (!attributes) {
    attributes = Object.freeze({
      "db.system.name": "postgresql",
      "db.operation.name": called.operation,
      "db.query.summary": called.summary,
    });
    named.set(called, attributes);
  }
  return attributes;
}

function describeFailure(code: unknown): Attributes {
  if (typeof code !== "string") return { "error.type": "_OTHER" };
  const isState = /^[0-9A-Z]{5}$/.test(code);
  return { ...(isState ? { "db.response.status_code": code } : {}), "error.type": code };
}

/** A statement of the database. There are many in a turn: nothing of it is kept but what its span is made of. */
function beginStatementOf({ context }: Span, sink: Sink): StatementEnd {
  const begun = Date.now();
  return (query, error) => {
    const ended = Date.now();
    const strings = query?.strings;
    const isError = error !== undefined;
    const code = isError ? (error as { code?: unknown } | null)?.code : undefined;
    sink(() => {
      const called = describeQuery(strings);
      const names = nameStatement(called);
      return {
        context: placeBelow(context),
        parentId: context.spanId,
        name: called.summary,
        kind: kinds.client,
        begun,
        ended,
        attributes: isError ? { ...names, ...describeFailure(code) } : names,
        isError,
      };
    });
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
