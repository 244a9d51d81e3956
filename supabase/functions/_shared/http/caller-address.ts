/** Where a request without a credential comes from: what it is counted under. */
import { sha256 } from "../sha256.ts";
import { parseAddress } from "../outbound/address.ts";

/** Whoever has /64 of IPv6 has one address, like whoever has one of IPv4. */
function networkOf(text: string): string {
  const address = parseAddress(text);
  if (!address) return "unknown";
  const { bits, value } = address;
  if (bits === 32 || value >> 32n === 0xffffn) return `4 ${value & 0xffff_ffffn}`;
  return `6 ${value >> 64n}`;
}

/**
 * A word for the network that a request comes from; the same one for all that do not say.
 *
 * Believed is what a caller cannot write: `cf-connecting-ip`, which the platform's edge sets, and
 * without it the last entry of `x-forwarded-for`, which the nearest proxy added. The word is a
 * digest, so that addresses of people are not kept where counters are.
 */
export function callerNetwork(headers: Headers): string {
  const said = headers.get("cf-connecting-ip") ??
    headers.get("x-forwarded-for")?.split(",").at(-1) ?? "";
  return sha256(networkOf(said.trim()), "base64url").slice(0, 22);
}
