/**
 * One HTTP request to an address that the operator has set: a provider's, a platform's, Storage's.
 *
 * The address is trusted, so it is asked as it stands (tenants' URLs go through outbound-request.ts);
 * what it answers is not: redirects are not followed, for they would take the key elsewhere, and time
 * and length are bounded. What matters to callers is the difference between an answer, whatever its
 * status, and none: then the request may have been carried out or not.
 */
import { parseJson } from "../json.ts";

/**
 * No answer that says what became of the request: none in time, a broken one, one too long to read.
 * The message is fit for `last_error`: it holds no key.
 */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** What is asked. */
export interface TrustedRequest {
  /** Who is asked, as messages name them: `the platform`. */
  readonly who: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the base URL, with its query: `/call?limit=100`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; bytes as they are, with the content type of `headers`. */
  readonly body?: unknown;
  /** Milliseconds until the whole answer must be there. */
  readonly patience: number;
  /** Bytes of the answer's body; 1 MiB unless given. */
  readonly longestBody?: number;
}

/** What was answered, whatever the status. */
export interface TrustedAnswer {
  readonly status: number;
  /** 2xx. */
  readonly ok: boolean;
  readonly headers: Headers;
  /** The body; null when it is longer than it may be. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  /** The body as text. @throws NoAnswer when it is too long */
  text(): string;
  /** The body's JSON; undefined when it is something else. @throws NoAnswer when it is too long */
  json(): unknown;
}

async function readBounded(response: Response, longest: number) {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > longest) return null;
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * A body that is sent at most once. Deno's fetch sends a request again by itself, a POST too, when
 * the connection breaks before an answer: with a text as its body, whoever had taken the first would
 * have two. A stream cannot be sent again; and whether to ask again is for the caller to decide.
 */
function sendOnce(body: unknown): ReadableStream<Uint8Array> {
  return new Blob([body instanceof Uint8Array ? body.slice() : JSON.stringify(body)]).stream();
}

/**
 * Asks, and reads the answer whole.
 *
 * @param baseUrl may have a path of its own; slashes at its end do not matter
 * @throws NoAnswer
 * @example
 * ```ts
 * const { status, json } = await sendTrusted(url, {
 *   who: "the provider",
 *   method: "GET",
 *   path: "/call/1",
 *   patience: 4000,
 * });
 * ```
 */
export async function sendTrusted(
  baseUrl: string,
  { who, method, path, headers, body, patience, longestBody = 1024 * 1024 }: TrustedRequest,
): Promise<TrustedAnswer> {
  const signal = AbortSignal.timeout(Math.max(patience, 0));
  try {
    const response = await fetch(baseUrl.replace(/\/+$/, "") + path, {
      method,
      headers: {
        accept: "application/json",
        "user-agent": "groundwork",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : sendOnce(body),
      redirect: "manual",
      signal,
    });
    const bytes = await readBounded(response, longestBody);
    const text = () => {
      if (bytes === null) throw new NoAnswer(`the answer of ${who} is too long`);
      return new TextDecoder().decode(bytes);
    };
    return {
      status: response.status,
      ok: response.ok,
      headers: response.headers,
      bytes,
      text,
      json: () => parseJson(text()),
    };
  } catch (cause) {
    throw new NoAnswer(
      signal.aborted
        ? `${who} did not answer within ${patience / 1000} s`
        : `the connection to ${who} failed`,
      { cause },
    );
  }
}

const longestWait = 3600;

/** Seconds that a `Retry-After` asks for, a number or a date, from 1 to an hour; null without one. */
export function readRetryAfter(headers: Headers, now = Date.now()): number | null {
  const said = headers.get("retry-after");
  if (!said) return null;
  const seconds = /^\d+$/.test(said) ? Number(said) : Math.ceil((Date.parse(said) - now) / 1000);
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 1), longestWait);
}
