/**
 * Where an installation answers from replicas: reads that have what this client has written and seen.
 */

/** What a replica may answer. Elsewhere a position would only cost: a check that has one is asked of the database. */
const fromReplicas = /\/functions\/v1\/(knowledge|memory|context|usage|account|mcp)\b/;

/** Bytes since the log began: `16/B374D848` is a position in it. */
function bytesBefore(position: string): number {
  const [high = "", low = ""] = position.split("/");
  return parseInt(high, 16) * 2 ** 32 + parseInt(low, 16);
}

/**
 * A `fetch` that never goes back in time. It remembers the newest position that an answer tells (`x-position`) and asks
 * for nothing older (`x-consistency`): whoever writes reads it back, whichever server answers. Where there are no
 * replicas it changes nothing.
 *
 * What is written over the Data API tells no position: `rpc("log_position")` does.
 *
 * @param outward sends the requests. Default: `fetch`
 * @returns one for one person: what others have written need not be waited for
 * @example
 * ```ts
 * const groundwork = createGroundworkClient(url, key, { global: { fetch: rememberPositions() } });
 * ```
 */
export function rememberPositions(outward: typeof fetch = fetch): typeof fetch {
  let newest: string | undefined;
  return async (input, init) => {
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}));
    const url = input instanceof Request ? input.url : String(input);
    if (newest && fromReplicas.test(url) && !headers.has("x-consistency")) {
      headers.set("x-consistency", `at-least:${newest}`);
    }
    const response = await outward(input, { ...init, headers });
    const told = response.headers.get("x-position");
    if (told && !(newest && bytesBefore(newest) >= bytesBefore(told))) newest = told;
    return response;
  };
}
