/**
 * Asking a service of somebody else's over HTTP with JSON, under a deadline.
 *
 * The base URL is the operator's own (a secret), not a tenant's, so it is followed as it stands;
 * redirects are not, because the key would travel with them. What matters to callers is the
 * difference between an answer, whatever its status, and silence: after silence the request may
 * have been carried out or not.
 */

/** No answer that can be read: late, broken off, too long, or the service was not reached. */
export class ProviderSilent extends Error {
  override readonly name = "ProviderSilent";
}

/** An answer, of any status. */
export interface ProviderAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; undefined when the body is empty or something else. */
  readonly body: unknown;
}

/** What to ask. */
export interface ProviderRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the base URL, with its query: `/call?limit=100`. */
  readonly path: string;
  readonly headers?: Record<string, string>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Milliseconds until the whole answer must be there. */
  readonly timeout: number;
  /** The longest answer that is read, in bytes; 1 MiB unless given. */
  readonly limit?: number;
}

async function readBounded(response: Response, limit: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > limit) throw new ProviderSilent(`the answer is longer than ${limit} bytes`);
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Sends one request.
 *
 * @param baseUrl may have a path of its own; a slash at its end does not matter
 * @throws ProviderSilent when there is no whole answer within the timeout
 * @example
 * ```ts
 * const { status, body } = await requestProvider(url, { method: "GET", path: "/call/1", timeout: 4000 });
 * ```
 */
export async function requestProvider(
  baseUrl: string,
  { method, path, headers, body, timeout, limit = 1024 * 1024 }: ProviderRequest,
): Promise<ProviderAnswer> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), Math.max(timeout, 0));
  try {
    const response = await fetch(baseUrl.replace(/\/+$/, "") + path, {
      method,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      redirect: "manual",
      signal: deadline.signal,
    });
    const text = await readBounded(response, limit);
    return { status: response.status, headers: response.headers, body: parseJson(text) };
  } catch (error) {
    if (error instanceof ProviderSilent) throw error;
    throw new ProviderSilent(
      deadline.signal.aborted ? `no answer within ${timeout} ms` : "the connection failed",
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** Milliseconds that a `Retry-After` header asks for (seconds or a date), at most an hour; null without one. */
export function retryAfter(headers: Headers, now: number = Date.now()): number | null {
  const said = headers.get("retry-after");
  if (!said) return null;
  const wait = /^\d+$/.test(said) ? Number(said) * 1000 : Date.parse(said) - now;
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), 3_600_000) : null;
}
