/** JSON over HTTP with a platform that we publish on, and what its answers mean for work. */
import { z } from "zod";
import { NoAnswer, readRetryAfter, sendTrusted, type TrustedAnswer } from "./trusted-request.ts";

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

const longestBody = 32 * 1024 * 1024;
const longestMessage = 500;

/** The forms in which platforms say what is wrong. */
const complaint = z.union([
  z.object({ error: z.string() }).transform((said) => said.error),
  z.object({ message: z.string() }).transform((said) => said.message),
  z.object({ errors: z.array(z.object({ message: z.string() })).min(1) })
    .transform((said) => said.errors.map((one) => one.message).join("; ")),
]);

/** What the platform said is wrong, in one line. */
function readComplaint(answered: TrustedAnswer): string {
  const said = complaint.safeParse(answered.json());
  const text = answered.text();
  const words = said.success ? said.data : text.startsWith("<") ? "" : text;
  const line = words.replaceAll(/\s+/g, " ").trim().slice(0, longestMessage);
  return `the platform answered ${answered.status}${line && `: ${line}`}`;
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
  return {
    async ask(method, path, schema, body) {
      try {
        const answered = await sendTrusted(account.url, {
          who: "the platform",
          method,
          path,
          headers,
          body,
          patience,
          longestBody,
        });
        const { ok, status } = answered;
        if (!ok) {
          throw new PlatformError(troubleOf(status), readComplaint(answered), {
            status,
            retryAfter: readRetryAfter(answered.headers),
          });
        }
        const parsed = schema.safeParse(answered.json());
        if (parsed.success) return parsed.data;
        throw new PlatformError("unclear", "the platform's answer is not of the known form", {
          status,
          cause: parsed.error,
        });
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        throw new PlatformError("unclear", error.message, { cause: error.cause });
      }
    },
  };
}
