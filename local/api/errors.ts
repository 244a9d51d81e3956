/**
 * Correction 3 to @supabase/lite: errors of the database that it does not know become 500 `SUP` without code and hint.
 * PostgREST answers each with a status of its own and says what the database said. lite passes errors in PostgREST's
 * custom form (SQLSTATE `PGRST`) on as they are, so the others are put into that form.
 */
import { RelationNotFoundError } from "@supabase/lite";

/** What a Postgres driver says about an error of the database. */
interface DatabaseError {
  code: string;
  message: string;
  detail?: string | null;
  hint?: string | null;
}

/** SQLSTATEs (or their two-character classes) that lite answers as PostgREST does; those stay as they are. */
const knownToLite =
  /^(PGRST|PT...|42501|42P01|42883|42P17|42...|22...|21...|23502|23503|23505|25006|55...|53...)$/;

/** PostgREST's HTTP status for a SQLSTATE. Source: PostgREST documentation, "Errors", "HTTP Status Codes". */
export function statusOfSqlState(code: string): number {
  const classes: [RegExp, number][] = [
    [/^(08|53|57P0)/, 503],
    [/^54/, 413],
    [/^28/, 403],
    [/^09|^25|^2D|^38|^39|^3B|^40|^55|^57|^58|^F0|^HV|^XX/, 500],
    [/^0L|^0P/, 403],
  ];
  return classes.find(([pattern]) => pattern.test(code))?.[1] ?? 400;
}

/** Puts an error that lite would answer with 500 into PostgREST's custom form. Others come back unchanged. */
export function correctDatabaseError(error: unknown): unknown {
  if (!isDatabaseError(error) || knownToLite.test(error.code)) return error;
  return {
    name: "PostgresError",
    code: "PGRST",
    message: JSON.stringify({
      code: error.code,
      message: error.message,
      details: error.detail ?? null,
      hint: error.hint ?? null,
    }),
    detail: JSON.stringify({ status: statusOfSqlState(error.code), headers: {} }),
  };
}

/** Whether an error is an answer to the client rather than a fault of the server. */
export function isAnsweredProperly(error: unknown): boolean {
  if (isDatabaseError(error)) {
    return error.code === "PGRST" || (statusOfSqlState(error.code) < 500 && error.code !== "42P17");
  }
  return error instanceof RelationNotFoundError;
}

function isDatabaseError(error: unknown): error is DatabaseError {
  return error instanceof Error && "code" in error && typeof error.code === "string" &&
    /^[0-9A-Z]{5}$/.test(error.code);
}
