/** SHA-256 of a text. The platform's Deno 2.1 has no one-shot `hash` in `node:crypto`. */
import { createHash } from "node:crypto";

/** The digest of `text` in UTF-8. */
export function sha256(text: string, encoding: "hex" | "base64url"): string {
  return createHash("sha256").update(text).digest(encoding);
}
