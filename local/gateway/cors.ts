/**
 * Who in a browser may ask what, and read what of the answer: everybody, everything, as the platform's gateway has it.
 */
import { corsHeaders } from "@supabase/supabase-js/cors";

/** What else clients of the platform send: our functions' own, what uploads need, and what tracing adds. */
const moreHeaders = [
  "accept",
  "accept-profile",
  "baggage",
  "cache-control",
  "content-profile",
  "idempotency-key",
  "last-event-id",
  "prefer",
  "range",
  "range-unit",
  "sentry-trace",
  "traceparent",
  "tracestate",
  "tus-resumable",
  "upload-length",
  "upload-metadata",
  "upload-offset",
  "x-consistency",
  "x-region",
  "x-supabase-api-version",
  "x-upsert",
];

/** What a page may read besides what it always may. */
const exposed = [
  "content-encoding",
  "content-location",
  "content-range",
  "etag",
  "location",
  "preference-applied",
  "range-unit",
  "tus-resumable",
  "upload-length",
  "upload-offset",
  "x-request-id",
].join(", ");

const allowed = [
  ...new Set([
    ...(corsHeaders["Access-Control-Allow-Headers"] ?? "").split(",").map((name) => name.trim()),
    ...moreHeaders,
  ]),
].join(", ");

/** The headers of an answer that every page may read. */
export const readable: Record<string, string> = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": exposed,
};

/** The headers of a refusal, which every page may read also where it answers a preflight. */
export const allowing: Record<string, string> = { ...readable, ...preflight(undefined) };

/**
 * The headers of the answer to a preflight. The platform's gateway allows the headers that were asked for, whichever
 * they are; who asks for none is told the usual ones.
 */
export function preflight(requested: string | undefined): Record<string, string> {
  return {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD, PUT, PATCH, POST, DELETE, OPTIONS",
    "access-control-allow-headers": requested || allowed,
    "access-control-max-age": "3600",
    "vary": "access-control-request-headers",
  };
}
