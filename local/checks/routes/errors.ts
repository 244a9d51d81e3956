/** The errors of `docs/errors.md`, and which of them a route may answer. */
import { PROJECT } from "../../testing/deno-test.ts";
import type { Route } from "./collect.ts";

/** A row of the page. */
export interface KnownError {
  code: string;
  statuses: string[];
  /** A function, `functions` or `database`. */
  raisedBy: string[];
  meaning: string;
}

/** All errors that are registered. */
export async function readErrors(): Promise<KnownError[]> {
  const page = await Deno.readTextFile(`${PROJECT}/docs/errors.md`);
  return page.split("\n").flatMap((line): KnownError[] => {
    const [, code, statuses, raisedBy, meaning] =
      /^\| `([a-z_]+)` *\| ([\d, ]+)\| ([^|]+)\| (.*) \|$/.exec(line) ?? [];
    if (!code || !statuses || !raisedBy || !meaning) return [];
    return [{
      code,
      statuses: statuses.split(",").map((one) => one.trim()),
      raisedBy: raisedBy.split(",").map((one) => one.trim()),
      meaning: meaning.trim(),
    }];
  });
}

const OF_BODIES = ["invalid_body", "invalid_json", "incomplete_body", "body_too_large"];
const OF_ALL = ["internal", "unavailable"];

/**
 * The errors that a route may answer by itself: those of its credential, of its input, of its function alone, and
 * those that its words name. What the database refuses comes besides.
 */
export function errorsOf(route: Route, known: readonly KnownError[]): KnownError[] {
  const takesBody = route.body !== null;
  const isJson = takesBody && route.types.includes("application/json");
  const isCounted = route.limit !== null || route.audience === "own";
  const needsCredential = route.audience !== "anybody";
  const codes = new Set([
    ...OF_ALL,
    ...(needsCredential ? ["not_authenticated", "invalid_token"] : []),
    ...(needsCredential ? ["insufficient_scope"] : []),
    ...(isCounted ? ["rate_limited"] : []),
    ...(takesBody ? OF_BODIES : []),
    ...(isJson ? ["unsupported_media_type"] : []),
    ...(route.query !== null || route.path.includes("{") ? ["invalid_parameter"] : []),
    ...(route.path.includes("{") ? ["not_found"] : []),
  ]);
  return known.filter(({ code, raisedBy }) =>
    codes.has(code) || raisedBy.includes(route.function) || route.text.includes(`\`${code}\``)
  );
}
