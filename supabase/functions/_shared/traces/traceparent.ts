/** The headers of W3C Trace Context, level 1: which trace, which span of it asks, and what vendors say of it. */

/** A place in a trace. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether whoever asks records the trace; then we do. */
  readonly isSampled: boolean;
  /** What vendors say of the trace (`tracestate`); passed on as it came. */
  readonly state?: string;
}

const longest = 256;
/** Of a version after 00 more may follow; what is known of it stands where it stood. */
const form =
  /^(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]*)?$/;

/** What a header says; null where there is none, or anything that is not well formed: then it is ignored. */
export function readTraceparent(header: string | null): TraceContext | null {
  if (header === null || header.length > longest || !form.test(header)) return null;
  // All parts have their place: the last digit of the flags is the one that counts.
  return {
    traceId: header.slice(3, 35),
    spanId: header.slice(36, 52),
    isSampled: (Number.parseInt(header[54]!, 16) & 1) === 1,
  };
}

/** Characters that must be passed on (3.3.1.5); more is dropped as a whole. */
const longestState = 512;
const mostMembers = 32;
const key = "[a-z][-a-z0-9_*/]{0,255}|[a-z0-9][-a-z0-9_*/]{0,240}@[a-z][-a-z0-9_*/]{0,13}";
const member = new RegExp(
  `^(?:${key})=[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e]$`,
);

/**
 * What `tracestate` says; undefined where it is not well formed: a list of at most 32 members, each key once. A bad
 * one leaves the trace as it is.
 */
export function readTracestate(header: string | null): string | undefined {
  if (header === null || header.length > longestState) return undefined;
  const members = header.split(",").map((one) => one.trim()).filter((one) => one !== "");
  const keys = new Set(members.map((one) => one.slice(0, one.indexOf("="))));
  const isGood = members.length > 0 && members.length <= mostMembers &&
    keys.size === members.length && members.every((one) => member.test(one));
  return isGood ? members.join(",") : undefined;
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
