/** Which part of the stack answers which path. */

/** All paths below `prefix` are answered by `origin`. */
export interface Route {
  /** Begins with a slash and ends without one: `/realtime/v1`. */
  prefix: string;
  /** `http://127.0.0.1:<port>`. */
  origin: string;
  /** What the origin sees in the place of the prefix; absent: the path as it came. */
  as?: string;
  /** Whether the origin answers preflights, and allows pages to read its answers, by itself. */
  ownCors?: boolean;
}

/** Where a request goes. */
export interface Target {
  host: string;
  port: number;
  /** With the query. */
  path: string;
  ownCors: boolean;
}

/** The target of a path with its query, by the longest prefix; null when nobody answers it. */
export function findTarget(routes: readonly Route[], path: string): Target | null {
  const pathname = path.split("?", 1)[0] ?? "";
  let found: Route | null = null;
  for (const route of routes) {
    const isBelow = pathname === route.prefix || pathname.startsWith(`${route.prefix}/`);
    if (isBelow && (!found || route.prefix.length > found.prefix.length)) found = route;
  }
  if (!found) return null;
  const { hostname, port } = new URL(found.origin);
  const rest = found.as === undefined ? path : found.as + path.slice(found.prefix.length);
  return {
    host: hostname,
    port: Number(port),
    path: rest.startsWith("/") ? rest : `/${rest}`,
    ownCors: found.ownCors ?? false,
  };
}
