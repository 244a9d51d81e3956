/**
 * Spans as OTLP/HTTP takes them in JSON (opentelemetry-proto 1.x, `ExportTraceServiceRequest`). The text is put
 * together by hand: objects for `JSON.stringify` cost several times as much, and that was most of what a span costs.
 */
import type { Attributes, AttributeValue, EndedSpan } from "./span.ts";

function formatValue(value: AttributeValue): string {
  if (typeof value === "string") return `{"stringValue":${JSON.stringify(value)}}`;
  if (typeof value === "boolean") return `{"boolValue":${value}}`;
  // 64-bit integers are strings in JSON.
  return Number.isSafeInteger(value)
    ? `{"intValue":"${value}"}`
    : `{"doubleValue":${JSON.stringify(value)}}`;
}

function formatAll(attributes: Attributes): string {
  let text = "";
  for (const [key, value] of Object.entries(attributes)) {
    text += `${text && ","}{"key":${JSON.stringify(key)},"value":${formatValue(value)}}`;
  }
  return text;
}

/** Frozen attributes belong to a place in the code, and come again. */
const known = new WeakMap<Attributes, string>();

function formatAttributes(attributes: Attributes): string {
  if (!Object.isFrozen(attributes)) return formatAll(attributes);
  let text = known.get(attributes);
  if (text === undefined) known.set(attributes, text = formatAll(attributes));
  return text;
}

/** Ids are hexadecimal, and times whole milliseconds: neither needs to be quoted. */
function formatSpan(span: EndedSpan): string {
  const { traceId, spanId, state } = span.context;
  const parent = span.parentId === null ? "" : `"parentSpanId":"${span.parentId}",`;
  const vendors = state === undefined ? "" : `"traceState":${JSON.stringify(state)},`;
  return `{"traceId":"${traceId}","spanId":"${spanId}",${parent}${vendors}"flags":1,` +
    `"name":${JSON.stringify(span.name)},"kind":${span.kind},` +
    `"startTimeUnixNano":"${span.begun}000000","endTimeUnixNano":"${span.ended}000000",` +
    `"attributes":[${formatAttributes(span.attributes)}],"status":${
      span.isError ? '{"code":2}' : "{}"
    }}`;
}

/** The body of one request. */
export function formatSpans(resource: Attributes, spans: readonly EndedSpan[]): string {
  return `{"resourceSpans":[{"resource":{"attributes":[${formatAttributes(resource)}]},` +
    `"scopeSpans":[{"scope":{"name":"groundwork"},"spans":[${spans.map(formatSpan).join()}]}]}]}`;
}
