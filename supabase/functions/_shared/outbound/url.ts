/**
 * Where a function may connect to on a tenant's word.
 *
 * An agent's endpoint is a URL that a tenant wrote. Followed blindly it would lead into our own
 * network: to a metadata service, a database, another tenant's pod. So there are two ways out only:
 *
 * - `https` to the public internet: the name is looked up here, every address that comes back must
 *   be public, and the connection is made **to the addresses that were checked**, never to the name
 *   again (outbound-websocket.ts; TLS still proves the name). A name that answers differently a
 *   moment later, DNS rebinding, therefore changes nothing.
 * - `http` into the workspace's own namespace of the cluster, through the cluster's gateway, whose
 *   address is ours and not checked. The gateway decides by the host that it is told, so the host is
 *   checked against the namespace.
 *
 * What remains: a public address behind which somebody's network forwards to its inside. That is
 * beyond what an address can show.
 */
import { lookup } from "node:dns/promises";
import { parseAddress, refuseAddress } from "./address.ts";

/** A URL that must not be followed. The message is for the log: clients are not told addresses. */
export class OutboundRefused extends Error {
  override readonly name = "OutboundRefused";
}

/** Where to connect to, and what to ask for there. */
export interface OutboundTarget {
  /** Checked addresses to try in this order, or the one name of the gateway. */
  readonly hosts: readonly string[];
  readonly port: number;
  /** The name that the TLS certificate must prove; null without TLS. */
  readonly tlsName: string | null;
  /** The `Host` header. */
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  /** What the gateway must be told besides. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Looks a name up: all of its addresses. */
export type Resolve = (name: string) => Promise<string[]>;

/** Names that only mean something inside a network. */
const insideNames =
  /(^|\.)(localhost|localdomain|local|internal|intranet|private|corp|home|lan|arpa)$/;
const publicName = /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;
const patience = 3000;
const mostAddresses = 8;

async function resolveWithSystem(name: string): Promise<string[]> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new OutboundRefused(`${name}: no answer from DNS`)), patience);
  });
  try {
    const found = await Promise.race([lookup(name, { all: true }), late]);
    return found.map(({ address }) => address);
  } finally {
    clearTimeout(timer);
  }
}

function parse(text: string): URL {
  if (!URL.canParse(text)) throw new OutboundRefused("not a URL");
  const url = new URL(text); // writes decimal, octal, hexadecimal and full-width hosts as dotted addresses
  if (url.username || url.password) throw new OutboundRefused("credentials in the URL");
  return url;
}

/** The name or address of a URL, without brackets and without the dot that ends a full name. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}

/**
 * Whether a URL may be followed as far as it says itself, before anything is looked up.
 *
 * @returns the URL's host: an address, or a name that is yet to be looked up
 * @throws OutboundRefused
 */
export function checkPublicUrl(text: string): { url: URL; host: string } {
  const url = parse(text);
  if (url.protocol !== "https:") throw new OutboundRefused(`${url.protocol} is not https:`);
  const port = Number(url.port || 443);
  // Below 1024 live mail, files and remote control; nothing that an agent is reached by.
  if (port !== 443 && port < 1024) throw new OutboundRefused(`port ${port}`);
  const host = hostOf(url);
  if (parseAddress(host)) {
    const why = refuseAddress(host);
    if (why) throw new OutboundRefused(`${host} is ${why}`);
  } else if (host.length > 253 || !publicName.test(host) || insideNames.test(host)) {
    throw new OutboundRefused(`${host} is not a public name`);
  }
  return { url, host };
}

/**
 * Checks an agent's endpoint and says how to connect to it. To be called right before connecting.
 *
 * @param namespace the workspace's namespace in the cluster, if it has one
 * @param gateway the URL of the ingress through which the cluster is reached, if there is one
 * @param resolve is for tests
 * @throws OutboundRefused
 */
export async function findTarget(
  endpoint: string,
  inside: { namespace: string | null; gateway: string | null },
  resolve: Resolve = resolveWithSystem,
): Promise<OutboundTarget> {
  if (endpoint.startsWith("http:")) return throughGateway(endpoint, inside);
  const { url, host } = checkPublicUrl(endpoint);
  const addresses = parseAddress(host) ? [host] : await resolve(host);
  if (addresses.length === 0) throw new OutboundRefused(`${host} has no address`);
  for (const address of addresses) {
    const why = refuseAddress(address);
    if (why) throw new OutboundRefused(`${host} leads to ${address}: ${why}`);
  }
  return {
    hosts: addresses.slice(0, mostAddresses),
    port: Number(url.port || 443),
    tlsName: host,
    host: url.host,
    path: url.pathname + url.search,
    headers: {},
  };
}

/**
 * Where a URL leads, with nothing checked but that it is one: for an operator who has said in the
 * environment that addresses of their own network are meant (tests do).
 *
 * @throws OutboundRefused when it is not http or https
 */
export function findUncheckedTarget(text: string): OutboundTarget {
  const url = parse(text);
  const isTls = url.protocol === "https:";
  if (!isTls && url.protocol !== "http:") throw new OutboundRefused(`${url.protocol} is not http`);
  return {
    hosts: [hostOf(url)],
    port: Number(url.port || (isTls ? 443 : 80)),
    tlsName: isTls ? hostOf(url) : null,
    host: url.host,
    path: url.pathname + url.search,
    headers: {},
  };
}

function throughGateway(
  endpoint: string,
  { namespace, gateway }: { namespace: string | null; gateway: string | null },
): OutboundTarget {
  const url = parse(endpoint);
  const labels = hostOf(url).split(".");
  const isInside = namespace !== null && labels.length >= 5 && !labels.includes("") &&
    labels.slice(-4).join(".") === `${namespace}.svc.cluster.local`;
  if (!isInside) throw new OutboundRefused(`${url.host} is not in the namespace ${namespace}`);
  if (gateway === null) throw new OutboundRefused("GROUNDWORK_CLUSTER_GATEWAY is not set");
  const entrance = new URL(gateway);
  const isTls = entrance.protocol === "https:";
  return {
    hosts: [hostOf(entrance)],
    port: Number(entrance.port || (isTls ? 443 : 80)),
    tlsName: isTls ? hostOf(entrance) : null,
    host: entrance.host,
    path: url.pathname + url.search,
    headers: { "x-forwarded-host": url.host },
  };
}
