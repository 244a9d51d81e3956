/** Spans as OTLP/HTTP takes them in JSON (opentelemetry-proto 1.x, `ExportTraceServiceRequest`). */
import type { AttributeValue, EndedSpan } from "./span.ts";

function describeValue(value: AttributeValue) {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  // 64-bit integers are strings in JSON.
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

const describeAll = (attributes: Readonly<Record<string, AttributeValue>>) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: describeValue(value) }));

const nanoseconds = (milliseconds: number) => `${Math.round(milliseconds)}000000`;

/** The body of one request. */
export function formatSpans(
  resource: Readonly<Record<string, AttributeValue>>,
  spans: readonly EndedSpan[],
): string {
  return JSON.stringify({
    resourceSpans: [{
      resource: { attributes: describeAll(resource) },
      scopeSpans: [{
        scope: { name: "groundwork" },
        spans: spans.map((span) => ({
          traceId: span.context.traceId,
          spanId: span.context.spanId,
          ...(span.parentId === null ? {} : { parentSpanId: span.parentId }),
          ...(span.context.state === undefined ? {} : { traceState: span.context.state }),
          flags: 1,
          name: span.name,
          kind: span.kind,
          startTimeUnixNano: nanoseconds(span.begun),
          endTimeUnixNano: nanoseconds(span.ended),
          attributes: describeAll(span.attributes),
          status: span.isError ? { code: 2 } : {},
        })),
      }],
    }],
  });
}
