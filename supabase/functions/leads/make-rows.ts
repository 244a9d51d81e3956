/** Rows for the database from the records of a table, and what is wrong with its headings. */
import { ApiError } from "../_shared/errors.ts";
import { type Heading, kindOf } from "./map-headings.ts";
import { readValue } from "./read-values.ts";

/** A record under the columns that its headings mean; of another length it is a text that says so. */
export function rowOf(record: string[], headings: Heading[]): Record<string, string> | string {
  if (record.length !== headings.length) {
    return `The row has ${record.length} fields and the header ${headings.length}.`;
  }
  const row: Record<string, string> = {};
  for (const [place, { heading, column }] of headings.entries()) {
    if (column === null) continue;
    const value = readValue(column, heading, record[place] ?? "");
    // Several headings of one list (Phone 1, Phone 2) are one list.
    row[column] = row[column] && value ? `${row[column]};${value}` : value || (row[column] ?? "");
  }
  return row;
}

/** @throws ApiError 400 `invalid_csv` when two headings mean one column that is no list */
export function checkTwice(headings: Heading[]): void {
  const seen = new Map<string, string>();
  for (const { heading, column } of headings) {
    if (column === null) continue;
    const other = seen.get(column);
    if (other !== undefined && kindOf(column) !== "list") {
      const means = other.toLowerCase() === heading.toLowerCase()
        ? ""
        : `, as ${other} and ${heading}`;
      throw new ApiError(400, "invalid_csv", `The header names ${column} twice${means}.`);
    }
    seen.set(column, heading);
  }
}

const needed = ["state", "county", "parcel"];

/** A fault of a heading is told once, and not for each row: 422 `unknown_headings`, or null. */
export function judgeHeadings(headings: Heading[], skips: boolean): ApiError | null {
  const missing = needed.filter((name) => !headings.some(({ column }) => column === name));
  const unknown = headings.filter(({ by }) => by === "unknown").map(({ heading }) => heading);
  if (missing.length === 0 && (skips || unknown.length === 0)) return null;
  const message = missing.length > 0
    ? `No heading means ${missing.join(", ")}; nothing was imported.`
    : `Nobody knows what ${unknown.slice(0, 5).join(", ")} means; nothing was imported.`;
  return new ApiError(422, "unknown_headings", message, {
    hint: "Keep what they mean in import_headings, or send on_error=skip to leave them out.",
  });
}
