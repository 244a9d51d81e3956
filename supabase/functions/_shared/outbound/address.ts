/**
 * Which addresses belong to the public internet. Everything else is somebody's inside: ours, the
 * platform's, or nobody's.
 *
 * IPv4 is everything but the special-purpose registry (RFC 6890 and IANA's list). IPv6 is only
 * global unicast, 2000::/3, without what is special in it: that leaves out at once all forms that
 * carry an IPv4 address inside (mapped, compatible, NAT64), which could lead to a private one.
 */

interface Block {
  readonly bits: number;
  readonly prefix: bigint;
  readonly what: string;
}

function block(text: string, what: string): Block {
  const [address = "", length] = text.split("/");
  const parsed = parseAddress(address);
  if (!parsed) throw new Error(`${text} is no block of addresses`);
  const bits = BigInt(parsed.bits - Number(length));
  return { bits: Number(bits), prefix: parsed.value >> bits, what };
}

/** An address as a number of 32 or 128 bits. */
export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

function parseIPv4(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    value = value << 8n | BigInt(part);
  }
  return value;
}

function parseGroups(text: string, mayEndDotted: boolean): bigint[] | null {
  if (text === "") return [];
  const groups: bigint[] = [];
  const parts = text.split(":");
  for (const [place, part] of parts.entries()) {
    if (part.includes(".") && mayEndDotted && place === parts.length - 1) {
      const inner = parseIPv4(part);
      if (inner === null) return null;
      groups.push(inner >> 16n, inner & 0xffffn);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return null;
  }
  return groups;
}

function parseIPv6(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] ?? "", halves.length === 1);
  const tail = parseGroups(halves[1] ?? "", true);
  if (!head || !tail) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...tail];
  return groups.reduce((value, group) => value << 16n | group, 0n);
}

/** Reads an address as DNS and URLs write it, without brackets; null when it is none. */
export function parseAddress(text: string): Address | null {
  const four = parseIPv4(text);
  if (four !== null) return { bits: 32, value: four };
  const six = parseIPv6(text);
  return six === null ? null : { bits: 128, value: six };
}

const special4 = [
  block("0.0.0.0/8", "this network"),
  block("10.0.0.0/8", "private"),
  block("100.64.0.0/10", "carrier-grade NAT"),
  block("127.0.0.0/8", "loopback"),
  block("168.63.129.16/32", "a cloud's own service"), // Azure's, in the middle of public space
  block("169.254.0.0/16", "link-local"), // with the clouds' metadata services
  block("172.16.0.0/12", "private"),
  block("192.0.0.0/24", "protocol assignments"),
  block("192.0.2.0/24", "documentation"),
  block("192.88.99.0/24", "6to4 relay"),
  block("192.168.0.0/16", "private"),
  block("198.18.0.0/15", "benchmarking"),
  block("198.51.100.0/24", "documentation"),
  block("203.0.113.0/24", "documentation"),
  block("224.0.0.0/4", "multicast"),
  block("240.0.0.0/4", "reserved"),
];

const globalUnicast6 = block("2000::/3", "global unicast");
const special6 = [
  block("2001::/23", "protocol assignments"), // with Teredo and ORCHID
  block("2001:db8::/32", "documentation"),
  block("2002::/16", "6to4"),
  block("3fff::/20", "documentation"),
];

function within(value: bigint, { bits, prefix }: Block): boolean {
  return value >> BigInt(bits) === prefix;
}

/**
 * Why an address is not of the public internet; null when it is.
 *
 * @example
 * ```ts
 * refuseAddress("169.254.169.254"); // "link-local"
 * refuseAddress("1.1.1.1"); // null
 * ```
 */
export function refuseAddress(text: string): string | null {
  const address = parseAddress(text);
  if (!address) return "not an address";
  const { bits, value } = address;
  if (bits === 128 && !within(value, globalUnicast6)) return "not global unicast";
  return (bits === 32 ? special4 : special6).find((one) => within(value, one))?.what ?? null;
}
