/**
 * JSON over HTTP with a platform that we publish on, and what its answers mean for work.
 *
 * The base URL and the key are the operator's (secrets), so the address is trusted; what it answers
 * is not: redirects are not followed, for they would take the key elsewhere, and bodies are bounded.
 */
import { z } from "zod";

/**
 * What a failure means for the work.
 *
 * - `refused`: it will be refused again; a person must change something
 * - `busy`: the platform did not take it up and asks for time (429)
 * - `unclear`: a fault, a timeout, a broken connection: it may have been done or not
 */
export type Trouble = "refused" | "busy" | "unclear";

/** A request that did not succeed. The message is fit for `last_error`: it holds no key. */
export class PlatformError extends Error {
  override readonly name = "PlatformError";
  readonly trouble: Trouble;
  /** The HTTP status; null without an answer. */
  readonly status: number | null;
  /** Seconds that the platform asks to wait; null when it says nothing. */
  readonly retryAfter: number | null;

  constructor(
    trouble: Trouble,
    message: string,
    extras: { status?: number; retryAfter?: number | null; cause?: unknown } = {},
  ) {
    super(message, { cause: extras.cause });
    this.trouble = trouble;
    this.status = extras.status ?? null;
    this.retryAfter = extras.retryAfter ?? null;
  }
}

/** One account of a platform. */
export interface PlatformAccount {
  readonly url: string;
  readonly key: string;
}

/** Asks a platform. */
export interface PlatformClient {
  /**
   * Sends a request and reads the answer.
   *
   * @param path below the base URL, with its query
   * @throws PlatformError when the answer is not 2xx, does not fit, or does not come
   */
  ask<Schema extends z.ZodType>(
    method: "GET" | "POST",
    path: string,
    schema: Schema,
    body?: unknown,
  ): Promise<z.output<Schema>>;
}

const mebibyte = 1024 * 1024;
const longestAnswer = 32 * mebibyte;
const longestMessage = 500;
const longestWait = 3600;

/** Seconds of a `Retry-After`, which is a number or a date; null when it is neither. */
export function readRetryAfter(value: string | null, now = Date.now()): number | null {
  if (!value) return null;
  const seconds = /^\s*\d+\s*$/.test(value)
    ? Number(value)
    : Math.ceil((Date.parse(value) - now) / 1000);
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 1), longestWait);
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > longestAnswer) {
      throw new PlatformError("unclear", "the platform's answer is too long");
    }
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The forms in which platforms say what is wrong. */
const complaint = z.union([
  z.object({ error: z.string() }).transform((said) => said.error),
  z.object({ message: z.string() }).transform((said) => said.message),
  z.object({ errors: z.array(z.object({ message: z.string() })).min(1) })
    .transform((said) => said.errors.map((one) => one.message).join("; ")),
]);

/** What the platform said is wrong, in one line. */
function readComplaint(status: number, text: string): string {
  const said = complaint.safeParse(parse(text));
  const words = said.success ? said.data : text.startsWith("<") ? "" : text;
  const line = words.replaceAll(/\s+/g, " ").trim().slice(0, longestMessage);
  return `the platform answered ${status}${line && `: ${line}`}`;
}

/**
 * A body that is sent at most once. Deno's fetch sends a request again by itself, a POST too, when
 * the connection breaks before an answer: with a text as its body, a platform that had accepted the
 * first would have two. A stream cannot be sent again.
 */
function sendOnce(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream();
}

const passing = new Set([408, 425]);

function troubleOf(status: number): Trouble {
  if (status === 429) return "busy";
  return status >= 500 || passing.has(status) ? "unclear" : "refused";
}

/**
 * Makes a client.
 *
 * @param headers with the key in them
 * @param patience milliseconds that one request may take, its answer included
 */
export function createPlatformClient(
  account: PlatformAccount,
  headers: Record<string, string>,
  patience: number,
): PlatformClient {
  const base = account.url.replace(/\/+$/, "");
  return {
    async ask(method, path, schema, body) {
      let status: number;
      let retryAfter: string | null;
      let text: string;
      try {
        const response = await fetch(`${base}${path}`, {
          method,
          redirect: "manual",
          signal: AbortSignal.timeout(patience),
          headers: {
            accept: "application/json",
            "user-agent": "groundwork",
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            ...headers,
          },
          body: body === undefined ? null : sendOnce(JSON.stringify(body)),
        });
        status = response.status;
        retryAfter = response.headers.get("retry-after");
        text = await readText(response);
      } catch (cause) {
        if (cause instanceof PlatformError) throw cause;
        const late = cause instanceof DOMException && cause.name === "TimeoutError";
        throw new PlatformError(
          "unclear",
          late
            ? `the platform did not answer within ${patience / 1000} s`
            : "the connection to the platform failed",
          { cause },
        );
      }
      if (status < 200 || status > 299) {
        throw new PlatformError(troubleOf(status), readComplaint(status, text), {
          status,
          retryAfter: readRetryAfter(retryAfter),
        });
      }
      const parsed = schema.safeParse(parse(text));
      if (!parsed.success) {
        throw new PlatformError("unclear", "the platform's answer is not of the known form", {
          status,
          cause: parsed.error,
        });
      }
      return parsed.data;
    },
  };
}
