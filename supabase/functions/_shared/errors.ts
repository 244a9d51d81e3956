/**
 * What a client is told when something does not go well, and what it is not told.
 *
 * Every answer that is not a success has the body `{ error: { code, message, hint?, details? } }`. Codes are
 * registered in docs/errors.md. The database speaks the same form through SQLSTATE `PGRST`, which
 * PostgREST and the functions translate alike, so a client meets one code whichever way it came.
 */
import { parseObject } from "./json.ts";

/** An answer that is not a success: its status, its registered code, and a hint where one helps. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  /** What a program can act on, beside the words. */
  readonly details: Record<string, unknown> | undefined;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: string,
    message: string,
    extras: {
      hint?: string;
      details?: Record<string, unknown>;
      headers?: Record<string, string>;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: extras.cause });
    this.status = status;
    this.code = code;
    this.hint = extras.hint;
    this.details = extras.details;
    this.headers = extras.headers ?? {};
  }
}

/** 404: it does not exist, or the caller may not know that it does. */
export function notFound(what: string): ApiError {
  return new ApiError(404, "not_found", `${what} was not found.`);
}

/** 403: the caller may see it and may not do this. */
export function forbidden(message: string): ApiError {
  return new ApiError(403, "forbidden", message);
}

/** 503: something behind the functions is away or full; trying again soon is right. */
export function unavailable(message: string, cause?: unknown): ApiError {
  return new ApiError(503, "unavailable", message, { headers: { "retry-after": "1" }, cause });
}

interface DatabaseFault {
  code: string;
  message: string;
  detail?: string;
}

/**
 * Conditions that pass by themselves: cancelled or timed out (57014), too many connections
 * (53300), shutting down (57P01–03), deadlock, serialization, lock not available, and the names
 * that the driver and the operating system give to a connection that could not be made or broke.
 */
const passing = new RegExp(
  "^(08...|53...|57014|57P0[1-5]|40001|40P01|55P03|CONNECT(ION)?_\\w+|ECONN\\w+|" +
    "EPIPE|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)$",
);

function asDatabaseFault(error: unknown): DatabaseFault | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") {
    return null;
  }
  const detail = "detail" in error && typeof error.detail === "string" ? error.detail : undefined;
  return { code: error.code, message: error.message, detail };
}

function fromSpokenFault(fault: DatabaseFault): ApiError | null {
  const said = parseObject(fault.message);
  const how = parseObject(fault.detail ?? "");
  if (typeof said?.code !== "string" || typeof said.message !== "string") return null;
  const status = typeof how?.status === "number" ? how.status : 400;
  const headers = Object.fromEntries(
    Object.entries(typeof how?.headers === "object" && how.headers ? how.headers : {})
      .map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  return new ApiError(status, said.code, said.message, {
    hint: typeof said.hint === "string" && said.hint ? said.hint : undefined,
    details: (typeof said.details === "string" && parseObject(said.details)) || undefined,
    headers,
  });
}

/**
 * Turns whatever was thrown into what the client may know.
 *
 * Errors that the database raised for clients keep their code and status; what passes by itself
 * becomes 503 `unavailable` with `Retry-After`; everything else is 500 `internal`, whose cause is
 * only in the log.
 */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const fault = asDatabaseFault(error);
  if (fault?.code === "PGRST") {
    const spoken = fromSpokenFault(fault);
    if (spoken) return spoken;
  }
  if (fault && passing.test(fault.code)) {
    return unavailable("The database is busy or away. Try again in a moment.", error);
  }
  return new ApiError(500, "internal", "Something went wrong on our side.", { cause: error });
}

/** The body of an error's answer. */
export function errorBody(error: ApiError): string {
  return JSON.stringify({
    error: {
      code: error.code,
      message: error.message,
      hint: error.hint,
      details: error.details,
    },
  });
}
