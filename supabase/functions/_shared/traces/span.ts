/** A span: something that took a while, as a part of a trace. */
import { formatTraceparent, makeSpanId, makeTraceId, type TraceContext } from "./traceparent.ts";

/** What an attribute can be. Never what somebody said: words stay where they are. */
export type AttributeValue = string | number | boolean;

/** The kinds of OTLP that are used here. */
export const kinds = { server: 2, client: 3 } as const;

/** A span that has ended. Times are milliseconds since 1970. */
export interface EndedSpan {
  readonly context: TraceContext;
  readonly parentId: string | null;
  readonly name: string;
  readonly kind: (typeof kinds)[keyof typeof kinds];
  readonly begun: number;
  readonly ended: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
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
  set(attributes: Record<string, AttributeValue | null | undefined>): void;
  /** Ends it, once. */
  end(outcome?: { name?: string; isError?: boolean }): void;
}

/** Where ended spans go. */
export type Sink = (span: EndedSpan) => void;

function headersOf(context: TraceContext): Pick<Span, "traceparent" | "headers"> {
  const traceparent = formatTraceparent(context);
  const { state } = context;
  return {
    traceparent,
    headers: state === undefined ? { traceparent } : { traceparent, tracestate: state },
  };
}

/** A span that is passed on and not recorded: its parent is the parent of what comes after it. */
export function passOn(context: TraceContext): Span {
  return { context, ...headersOf(context), set() {}, end() {} };
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
  const context: TraceContext = {
    traceId: parent?.traceId ?? makeTraceId(),
    spanId: makeSpanId(),
    isSampled: true,
    ...(parent?.state === undefined ? {} : { state: parent.state }),
  };
  const attributes: Record<string, AttributeValue> = {};
  const begun = Date.now();
  let isOver = false;
  return {
    context,
    ...headersOf(context),
    set(more) {
      for (const [key, value] of Object.entries(more)) {
        if (value !== undefined && value !== null) attributes[key] = value;
      }
    },
    end({ name: last = name, isError = false } = {}) {
      if (isOver) return;
      isOver = true;
      sink({
        context,
        parentId: parent?.spanId ?? null,
        name: last,
        kind,
        begun,
        ended: Date.now(),
        attributes,
        isError,
      });
    },
  };
}
