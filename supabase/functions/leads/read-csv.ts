/** CSV as vendors export it: rows of texts under a heading, whatever separates them and stands above. */
import { parse } from "csv-parse/sync";
import { ApiError } from "../_shared/errors.ts";
import { columnOf } from "./map-headings.ts";

/** A table: its headings, and its records, each with as many texts as it has. */
export interface Table {
  readonly headings: string[];
  readonly records: string[][];
}

const separators = [",", ";", "\t", "|"];
/** Lines that are looked at to see what separates, and records among which the heading is. */
const sample = 20;
const deepestHeading = 10;

export function invalidCsv(message: string): ApiError {
  return new ApiError(400, "invalid_csv", message);
}

/** The records of a text, without those in which nothing stands. */
export function parseRecords(text: string, delimiter: string, to?: number): string[][] {
  try {
    return parse(text, {
      bom: true,
      delimiter,
      relax_column_count: true,
      skip_records_with_empty_values: true,
      skip_empty_lines: true,
      ...(to === undefined ? {} : { to }),
    });
  } catch (error) {
    if (to !== undefined) return []; // another separator may do
    const line = error instanceof Error && "lines" in error ? ` in line ${error.lines}` : "";
    throw invalidCsv(`The CSV cannot be read${line}: a quote is missing or misplaced.`);
  }
}

/** The length that most records have. */
function usualLength(records: string[][]): number {
  const counts = new Map<number, number>();
  for (const { length } of records) counts.set(length, (counts.get(length) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1] || other[0] - one[0])[0]?.[0] ?? 0;
}

/** What separates: with it most records have the same, greatest number of fields. */
export function findSeparator(text: string): string {
  const judged = separators.map((separator) => {
    const records = parseRecords(text, separator, sample);
    const length = usualLength(records);
    const agreeing = records.filter((record) => record.length === length).length;
    return { separator, worth: length < 2 ? 0 : length * agreeing / records.length };
  });
  return judged.reduce((best, one) => one.worth > best.worth ? one : best).separator;
}

/** Excel's own first line: `sep=;`. */
export function readSep(text: string): { text: string; separator: string | null } {
  const [, separator, rest] = /^\uFEFF?"?sep=(.)"?[,;\t]*\r?\n?([^]*)$/i.exec(text) ?? [];
  return separator === undefined ? { text, separator: null } : { text: rest ?? "", separator };
}

/** Where the heading is: titles may stand above it. The first record with the most names that are known. */
export function findHeading(records: string[][]): number {
  const usual = usualLength(records.slice(0, 200));
  const judged = records.slice(0, deepestHeading).map((record, place) => {
    const filled = record.filter((field) => field.trim() !== "").length;
    const known = record.filter((field) => columnOf(field) !== null).length;
    return { place, known, isWhole: filled >= Math.max(1, usual * 0.6) };
  });
  const most = Math.max(...judged.map(({ known }) => known));
  if (most > 0) return judged.find(({ known }) => known === most)?.place ?? 0;
  return judged.find(({ isWhole }) => isWhole)?.place ?? 0;
}

/**
 * Reads a table. Lines of separators alone are passed over, and so is what stands above the heading.
 *
 * @throws ApiError 400 `invalid_csv` when it cannot be read, or has no heading
 */
export function readCsv(file: string): Table {
  const { text, separator } = readSep(file);
  const records = parseRecords(text, separator ?? findSeparator(text));
  if (records.length === 0) throw invalidCsv("The CSV has no header.");
  const at = findHeading(records);
  const [heading = [], ...rest] = records.slice(at);
  const headings = heading.map((name) => name.trim());
  // Columns without a name at the end are a spreadsheet's habit, where nothing stands in them.
  while (headings.at(-1) === "" && rest.every((record) => !record[headings.length - 1]?.trim())) {
    headings.pop();
  }
  for (const [place, name] of headings.entries()) {
    if (name === "") throw invalidCsv(`The header's column ${place + 1} has no name.`);
  }
  return { headings, records: rest.map((record) => withoutEnd(record, headings.length)) };
}

/** A record without the empty fields that it has beyond the heading's. */
export function withoutEnd(record: string[], length: number): string[] {
  return record.slice(length).every((field) => field.trim() === "")
    ? record.slice(0, length)
    : record;
}
