/**
 * How the functions are called: with a client of supabase-js, or with the project's URL and a credential, where there
 * is no such client (an agent, Node 20).
 */

/** The part of a supabase-js client that is needed. It sends the person's token, and renews it. */
export interface InvokingClient {
  functions: {
    invoke(
      name: string,
      options: {
        method: Method;
        headers: Record<string, string>;
        body?: Record<string, unknown>;
        signal?: AbortSignal;
      },
    ): PromiseLike<{ data: unknown; error: unknown }>;
  };
}

/** A way to the functions: a client, or a URL with a token (asked for at each call) or the secret key. */
export type Through =
  | InvokingClient
  | { url: string; token: () => string | Promise<string> }
  | { url: string; key: string };

/** The HTTP methods of the functions. */
export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** A refusal by the backend, with a code of docs/errors.md, such as `not_found`. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  /** As docs/errors.md has it; `unknown` where something before the backend has answered. */
  readonly code: string;
  /** Of HTTP. */
  readonly status: number;
  /** What to do about it, where the backend says so. */
  readonly hint: string | undefined;
  /** Seconds after which the same may be asked again, where the backend says so. */
  readonly retryAfter: number | undefined;

  constructor(
    status: number,
    said: { code?: string; message?: string; hint?: string } | undefined,
    retryAfter?: string | null,
  ) {
    super(said?.message ?? `The backend answered ${status}.`);
    this.code = said?.code ?? "unknown";
    this.status = status;
    this.hint = said?.hint;
    this.retryAfter = retryAfter ? Number(retryAfter) || undefined : undefined;
  }
}

/** Whether the same call may succeed later: the network failed, or the backend is busy or away. */
export function isTemporary(error: unknown): boolean {
  return !(error instanceof RefusedError) || error.status >= 500 || error.status === 429;
}

/** What a call says besides its path. */
export interface Call {
  method?: Method;
  headers?: Record<string, string>;
  body?: Record<string, unknown>;
  signal?: AbortSignal;
}

/**
 * Calls a function, such as `presence/<workspace>`.
 *
 * @returns what it answered: parsed JSON; null where nothing was answered; the response itself where it is a stream of
 *   events
 * @throws RefusedError with the backend's code; whatever the network throws
 */
export async function callFunction(
  through: Through,
  path: string,
  call: Call = {},
): Promise<unknown> {
  if ("functions" in through) return await callWithClient(through, path, call);
  const { method = "POST", headers = {}, body, signal } = call;
  const credential: Record<string, string> = "key" in through
    ? { apikey: through.key }
    : { authorization: `Bearer ${await through.token()}` };
  const response = await fetch(`${through.url}/functions/v1/${path}`, {
    method,
    headers: {
      ...credential,
      ...(body ? { "content-type": "application/json" } : {}),
      ...headers,
    },
    body: body ? JSON.stringify(body) : null,
    signal: signal ?? null,
  });
  if (!response.ok) throw await readRefusal(response);
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
  const text = await response.text();
  return text === "" ? null : JSON.parse(text);
}

async function callWithClient(
  { functions }: InvokingClient,
  path: string,
  { method = "POST", headers = {}, ...more }: Call,
): Promise<unknown> {
  const { data, error } = await functions.invoke(path, { method, headers, ...more });
  if (!error) return data === "" ? null : data;
  const { context } = error as { context?: unknown };
  throw context instanceof Response ? await readRefusal(context) : error;
}

async function readRefusal(response: Response): Promise<RefusedError> {
  const said = await response.json().catch(() => undefined);
  return new RefusedError(response.status, said?.error, response.headers.get("retry-after"));
}
