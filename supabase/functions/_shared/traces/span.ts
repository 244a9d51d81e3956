/** A span: something that took a while, as a part of a trace. */
import { formatTraceparent, makeSpanId, makeTraceId, type TraceContext } from "./traceparent.ts";

/** What an attribute can be. Never what somebody said: words stay where they are. */
export type AttributeValue = string | number | boolean;

/** What is known of a span, by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** The same as it is given: undefined ones and nulls are left out. */
export type GivenAttributes = Readonly<Record<string, AttributeValue | null | undefined>>;

/** The kinds of OTLP that are used here. */
export const kinds = { server: 2, client: 3 } as const;

/** A span that has ended. Times are whole milliseconds since 1970. */
export interface EndedSpan {
  readonly context: TraceContext;
  readonly parentId: string | null;
  readonly name: string;
  readonly kind: (typeof kinds)[keyof typeof kinds];
  readonly begun: number;
  readonly ended: number;
  readonly attributes: Attributes;
  readonly isError: boolean;
}

/** A place in a trace, and what is recorded there. Where nothing is recorded it is passed on all the same. */
export interface Span {
  readonly context: TraceContext;
  /** The header that whoever is asked next is sent. */
  readonly traceparent: string;
  /** The same as all headers that there are: with `tracestate`, where it came with one. */
  readonly headers: Readonly<Record<string, string>>;
  /** Adds attributes; undefined ones are left out. */
  set(attributes: GivenAttributes): void;
  /** Ends it, once. */
  end(outcome?: { name?: string; isError?: boolean }): void;
}

/**
 * Where ended spans go. What they were is told when they are sent, all at once: in the midst of a request the same work
 * costs several times as much.
 */
export type Sink = (tell: () => EndedSpan) => void;

function headersOf(traceparent: string, { state }: TraceContext): Span["headers"] {
  return state === undefined ? { traceparent } : { traceparent, tracestate: state };
}

/** A span that is passed on and not recorded: its parent is the parent of what comes after it. */
export function passOn(context: TraceContext): Span {
  const traceparent = formatTraceparent(context);
  return { context, traceparent, headers: headersOf(traceparent, context), set() {}, end() {} };
}

/** A new place in a trace that is recorded; null: in a new one. */
export function placeBelow(parent: TraceContext | null): TraceContext {
  const traceId = parent?.traceId ?? makeTraceId();
  const spanId = makeSpanId();
  return parent?.state === undefined
    ? { traceId, spanId, isSampled: true }
    : { traceId, spanId, isSampled: true, state: parent.state };
}

function merge(given: readonly GivenAttributes[]): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  for (const some of given) {
    for (const [key, value] of Object.entries(some)) {
      if (value !== undefined && value !== null) attributes[key] = value;
    }
  }
  return attributes;
}

/**
 * Begins a span.
 *
 * @param parent null: it is the first of its trace
 */
export function beginSpan(
  sink: Sink,
  parent: TraceContext | null,
  name: string,
  kind: EndedSpan["kind"],
): Span {
  const context = placeBelow(parent);
  const traceparent = formatTraceparent(context);
  const given: GivenAttributes[] = [];
  const begun = Date.now();
  let isOver = false;
  return {
    context,
    traceparent,
    headers: headersOf(traceparent, context),
    set(more) {
      given.push(more);
    },
    end({ name: last = name, isError = false } = {}) {
      if (isOver) return;
      isOver = true;
      const ended = Date.now();
      const parentId = parent?.spanId ?? null;
      sink(() => ({
        context,
        parentId,
        name: last,
        kind,
        begun,
        ended,
        attributes: merge(given),
        isError,
      }));
    },
  };
}
