/**
 * How old an answer may be, as the reader says in the header `x-consistency`.
 *
 * - `cached` (default): from memory for up to 2 s, from the scratchpad, or from the database
 * - `at-least:<revision>`: nothing older than a write whose revision the reader has seen
 * - `fresh`: from the database, now
 */
import { ApiError } from "../errors.ts";

/** What a reader asks for. Within the functions also: read no more than so many milliseconds ago. */
export type Consistency = "cached" | "fresh" | { atLeast: number } | { within: number };

/** What a client can ask for. */
export type RequestedConsistency = Exclude<Consistency, { within: number }>;

/**
 * Reads the header.
 *
 * @throws ApiError 400 `invalid_parameter` when it says something else
 */
export function readConsistency(header: string | null): RequestedConsistency {
  if (header === null || header === "cached") return "cached";
  if (header === "fresh") return "fresh";
  const revision = /^at-least:\s*(\d{1,15})$/.exec(header)?.[1];
  if (revision !== undefined) return { atLeast: Number(revision) };
  throw new ApiError(400, "invalid_parameter", "x-consistency: is not known", {
    hint: "Use cached, fresh or at-least:<revision>.",
  });
}
