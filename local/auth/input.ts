/** What requests of Auth may say. */
import { z } from "zod";
import { AuthError, invalid } from "./errors.ts";
import type { AuthSettings } from "./settings.ts";
import { normalizeEmail } from "./users.ts";

const longestBody = 256 * 1024;

/** Reads a request's JSON. @throws AuthError 400 `bad_json` or `validation_failed`, 413 */
export async function readBody<T>(request: Request, shape: z.ZodType<T>): Promise<T> {
  const text = await request.text();
  if (text.length > longestBody) {
    throw new AuthError(413, "request_too_large", "Request body exceeds 256 KB");
  }
  // Postgres keeps no NUL, neither in text nor in JSON.
  if (text.includes("\\u0000")) throw invalid("body: \\u0000 cannot be kept");
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    throw new AuthError(400, "bad_json", "Could not parse request body as JSON");
  }
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(`${issue?.path.join(".") || "body"}: ${issue?.message}`);
}

export const metadata = z.record(z.string(), z.unknown());
const optional = z.string().nullish();

/** Clients send empty strings and nulls for what they do not mean. */
export const credentials = z.object({
  email: optional,
  phone: optional,
  password: optional,
  data: metadata.nullish(),
  code_challenge: optional,
  code_challenge_method: optional,
});

/** An address, as it is kept. @throws AuthError 400 `email_address_invalid` */
export function readEmail(text: string | null | undefined): string {
  const email = normalizeEmail(text ?? "");
  if (email.length > 255 || !z.email().safeParse(email).success) {
    throw new AuthError(
      400,
      "validation_failed",
      "Unable to validate email address: invalid format",
    );
  }
  return email;
}

/** @throws AuthError 422 `weak_password`; 400 for one that bcrypt would cut off */
export function checkPassword(settings: AuthSettings, password: string): void {
  if (new TextEncoder().encode(password).length > 72) {
    throw invalid("Password cannot be longer than 72 characters");
  }
  if (password.length < settings.minimum_password_length) {
    throw new AuthError(
      422,
      "weak_password",
      `Password should be at least ${settings.minimum_password_length} characters.`,
      { weak_password: { reasons: ["length"] } },
    );
  }
}

/** Numbers are not known here. @throws AuthError 400 `phone_provider_disabled` */
export function refusePhone(phone: string | null | undefined): void {
  if (phone) throw new AuthError(400, "phone_provider_disabled", "Unsupported phone provider");
}

export const isUuid = (text: string): boolean => z.guid().safeParse(text).success;
