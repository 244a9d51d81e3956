/** What Auth refuses, in the platform's codes and forms. Source: the platform's documentation, "Auth error codes". */

/** A refusal: an HTTP status, a code that clients compare, a message for people. */
export class AuthError extends Error {
  override name = "AuthError";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly more: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

/** The input is not as it must be. */
export const invalid = (message: string) => new AuthError(400, "validation_failed", message);

/** Whoever asks for what this project does not offer hears which setting says so. */
export const disabled = (code: string, message: string, status = 400) =>
  new AuthError(status, code, message);

const newForm = "2024-01-01";

/** Puts a refusal into the form that the client asked for: newer ones say which. */
export function answerError(error: AuthError, request: Request): Response {
  const headers: Record<string, string> = { "x-sb-error-code": error.code };
  const asked = request.headers.get("x-supabase-api-version") ?? "";
  if (asked >= newForm) {
    headers["x-supabase-api-version"] = newForm;
    const body = { code: error.code, message: error.message, ...error.more };
    return Response.json(body, { status: error.status, headers });
  }
  const body = { code: error.status, error_code: error.code, msg: error.message, ...error.more };
  return Response.json(body, { status: error.status, headers });
}
