/** Whether a body comes from somebody who knows the secret, and lately. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { ApiError } from "../_shared/errors.ts";

/** Seconds, or milliseconds, since 1970 at which the body was signed. */
export const timestampHeader = "x-webhook-timestamp";
/** HMAC-SHA-256 over `<timestamp>.<body>` in hex; `sha256=` before it is allowed. */
export const signatureHeader = "x-webhook-signature";
/** Seconds by which the time may be off, either way. */
export const tolerance = 300;

/** Signs as the provider does: the hex of HMAC-SHA-256 over `<timestamp>.<body>`. */
export function sign(secret: string, timestamp: string, body: string): string {
  return createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
}

function invalidSignature(): ApiError {
  return new ApiError(401, "invalid_signature", "The signature does not fit the body.", {
    hint: `${signatureHeader}: hex of HMAC-SHA-256 over "<${timestampHeader}>.<body>"`,
  });
}

/**
 * Checks a signature in constant time, then the time that it covers.
 *
 * @throws ApiError 401 `invalid_signature`, 401 `stale_signature`
 */
export function checkSignature(
  headers: Headers,
  body: string,
  secret: string,
  now: number = Date.now(),
): void {
  const timestamp = headers.get(timestampHeader) ?? "";
  const given = (headers.get(signatureHeader) ?? "").replace(/^sha256=/, "");
  if (!/^(\d{10}|\d{13})$/.test(timestamp) || !/^[0-9a-f]{64}$/i.test(given)) {
    throw invalidSignature();
  }
  const expected = sign(secret, timestamp, body);
  if (
    !timingSafeEqual(
      new TextEncoder().encode(expected),
      new TextEncoder().encode(given.toLowerCase()),
    )
  ) {
    throw invalidSignature();
  }
  const signedAt = timestamp.length === 10 ? Number(timestamp) : Number(timestamp) / 1000;
  if (Math.abs(now / 1000 - signedAt) > tolerance) {
    throw new ApiError(401, "stale_signature", "The report was signed too long ago.", {
      hint: `Sign it again: a signature holds for ${tolerance} seconds.`,
    });
  }
}
