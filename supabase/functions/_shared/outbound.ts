/**
 * Where functions may connect to on behalf of somebody who typed in an address.
 *
 * https to public addresses only; or, inside the cluster, http to the workspace's own namespace,
 * and then through the cluster's ingress. Names are resolved and every address is checked, because
 * a name may point to 127.0.0.1.
 *
 * What the platform does not allow is to connect to the very address that was checked: neither
 * `fetch` nor `WebSocket` takes one. So a name is checked again right before each connection, and
 * what remains is a name that changes within those milliseconds. It then reaches an inside address,
 * but not an inside service: that one would have to show a certificate for the name.
 */
import { ApiError } from "./errors.ts";

/** How an endpoint is reached. */
export interface Destination {
  url: URL;
  /** To be sent along: the name that the caller meant, when the connection goes elsewhere. */
  headers: Record<string, string>;
}

/** Resolves a name to its addresses of one kind; none when it has none. */
export type Resolve = (name: string, kind: "A" | "AAAA") => Promise<string[]>;

/** What a destination is judged by. */
export interface Circumstances {
  /** The workspace's namespace in the cluster. */
  namespace: string;
  /** The cluster's ingress; null where there is none. */
  gateway: string | null;
  resolve?: Resolve;
}

function refuse(message: string): ApiError {
  return new ApiError(422, "endpoint_not_allowed", message, {
    hint: "Use https and a public name, or the workspace's own namespace in the cluster.",
  });
}

const resolveByPlatform: Resolve = async (name, kind) => {
  try {
    return await Deno.resolveDns(name, kind);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
};

function parseIpv4(text: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (!parts || parts.some((part) => part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** IANA's special-purpose ranges that are not globally reachable, multicast, and 6to4's relays. */
const closedIpv4: [first: string, bits: number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
];

function isPublicIpv4(address: number): boolean {
  return !closedIpv4.some(([first, bits]) => {
    const size = 2 ** (32 - bits);
    return Math.floor(address / size) === Math.floor((parseIpv4(first) ?? 0) / size);
  });
}

/** The eight groups of an IPv6 address, or null when the text is none. */
function parseIpv6(text: string): number[] | null {
  let canonical: string;
  try {
    canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  } catch {
    return null;
  }
  const [head = "", tail] = canonical.split("::");
  const groups = (part: string) => part ? part.split(":").map((group) => parseInt(group, 16)) : [];
  const first = groups(head);
  if (tail === undefined) return first;
  const last = groups(tail);
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}

/**
 * Global unicast is 2000::/3; everything else (loopback, local, multicast, IPv4-mapped, NAT64) is
 * outside of it. Within it some ranges lead to IPv4 addresses or nowhere.
 */
function isPublicIpv6([first = 0, second = 0]: number[]): boolean {
  if (first < 0x2000 || first > 0x3fff) return false;
  if (first === 0x2001 && second < 0x0200) return false; // protocol assignments, with Teredo
  if (first === 0x2001 && second === 0x0db8) return false; // documentation
  if (first === 0x2002) return false; // 6to4
  return !(first === 0x3fff && second < 0x1000); // documentation
}

/** Whether an address, in any of its written forms, is one of the public internet. */
export function isPublicAddress(text: string): boolean {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== null) return isPublicIpv4(ipv4);
  const ipv6 = parseIpv6(text.replace(/^\[|\]$/g, ""));
  return ipv6 !== null && isPublicIpv6(ipv6);
}

const insideNames =
  /(^|\.)(localhost|local|internal|intranet|lan|home|corp|svc|cluster|test|invalid|onion|arpa)$/;

async function checkName(name: string, resolve: Resolve): Promise<void> {
  if (!name.includes(".") || insideNames.test(name)) {
    throw refuse("The endpoint's name is not a public one.");
  }
  let addresses: string[];
  try {
    addresses = (await Promise.all([resolve(name, "A"), resolve(name, "AAAA")])).flat();
  } catch (error) {
    throw new ApiError(502, "endpoint_unreachable", "The endpoint's name could not be resolved.", {
      cause: error,
    });
  }
  if (addresses.length === 0) {
    throw new ApiError(502, "endpoint_unreachable", "The endpoint's name has no address.");
  }
  if (!addresses.every(isPublicAddress)) throw refuse("The endpoint's name leads inside.");
}

const cluster = /^(?:[a-z0-9-]+\.)+?([a-z0-9-]+)\.svc\.cluster\.local$/;

/** By the ingress, as Knative's is spoken to: same path and query, the name meant in a header. */
function throughGateway(url: URL, gateway: string): Destination {
  const through = new URL(gateway);
  through.pathname = url.pathname;
  through.search = url.search;
  return { url: through, headers: { "x-forwarded-host": url.host } };
}

/**
 * Judges an endpoint right before connecting to it.
 *
 * @throws ApiError 422 `endpoint_not_allowed`, 502 `endpoint_unreachable`
 */
export async function checkEndpoint(
  endpoint: string,
  { namespace, gateway, resolve = resolveByPlatform }: Circumstances,
): Promise<Destination> {
  if (!URL.canParse(endpoint)) throw refuse("The endpoint is not a URL.");
  const url = new URL(endpoint);
  if (url.username || url.password) throw refuse("The endpoint carries a password.");
  // The URL parser has already turned decimal, octal and hexadecimal addresses into dotted ones.
  const name = url.hostname.replace(/\.$/, "").toLowerCase();
  const itsNamespace = cluster.exec(name)?.[1];
  if (itsNamespace !== undefined && (url.protocol === "http:" || url.protocol === "https:")) {
    if (itsNamespace !== namespace) throw refuse("The endpoint lies in another namespace.");
    if (!gateway) {
      throw new ApiError(
        502,
        "endpoint_unreachable",
        "This deployment has no way into the cluster.",
        {
          hint: "Set GROUNDWORK_CLUSTER_GATEWAY.",
        },
      );
    }
    return throughGateway(url, gateway);
  }
  if (url.protocol !== "https:") throw refuse("The endpoint is not https.");
  const isAddress = parseIpv4(name) !== null || name.startsWith("[");
  if (isAddress) {
    if (!isPublicAddress(name)) throw refuse("The endpoint's address is not a public one.");
  } else await checkName(name, resolve);
  return { url, headers: {} };
}
