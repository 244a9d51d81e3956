/** The header `traceparent` of W3C Trace Context, level 1: which trace, and which span of it asks. */

/** A place in a trace. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether whoever asks records the trace; then we do. */
  readonly isSampled: boolean;
}

const longest = 256;
/** Of a version after 00 more may follow; what is known of it stands where it stood. */
const form =
  /^([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]*)?$/;

/** What a header says; null where there is none, or anything that is not well formed: then it is ignored. */
export function readTraceparent(header: string | null): TraceContext | null {
  if (header === null || header.length > longest) return null;
  const [, version, traceId, spanId, flags = "", more] = form.exec(header) ?? [];
  if (!traceId || !spanId || version === "ff" || version === "00" && more !== undefined) {
    return null;
  }
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The header's value. */
export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
/** Asking for random bytes costs more than having them: so many are asked for at once. */
const pool = new Uint8Array(4096);
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  let text = "";
  for (const end = used + bytes; used < end; used++) text += hex[pool[used] ?? 0];
  return text;
}

/** An id for a trace. That it is all zeros does not happen. */
export const makeTraceId = (): string => randomHex(16);
/** An id for a span. */
export const makeSpanId = (): string => randomHex(8);
