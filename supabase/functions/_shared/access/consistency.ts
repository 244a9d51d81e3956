/**
 * How old an answer may be, as the reader says in the header `x-consistency`.
 *
 * - `cached` (default): what was true within the last 2 s: from memory, from the scratchpad, from a replica, or from
 *   the database
 * - `at-least:<revision>`: nothing older than a change of access whose revision the reader has seen
 * - `at-least:<position>`: nothing older than the write or the answer whose `x-position` the reader has seen
 * - `fresh`: from the database, now
 */
import { ApiError } from "../errors.ts";
import { parsePosition, type Position } from "../position.ts";

/** What is asked of permissions. Within the functions also: read no more than so many milliseconds ago. */
export type Consistency = "cached" | "fresh" | { atLeast: number } | { within: number };

/** What a client can ask for. */
export type RequestedConsistency =
  | Exclude<Consistency, { within: number }>
  | { atPosition: Position };

/**
 * Reads the header.
 *
 * @throws ApiError 400 `invalid_parameter` when it says something else
 */
export function readConsistency(header: string | null): RequestedConsistency {
  if (header === null || header === "cached") return "cached";
  if (header === "fresh") return "fresh";
  const seen = /^at-least:\s*(.+)$/.exec(header)?.[1] ?? "";
  if (/^\d{1,15}$/.test(seen)) return { atLeast: Number(seen) };
  const atPosition = parsePosition(seen);
  if (atPosition !== undefined) return { atPosition };
  throw new ApiError(400, "invalid_parameter", "x-consistency: is not known", {
    hint: "Use cached, fresh, at-least:<revision> or at-least:<position>.",
  });
}
