/** CSV (RFC 4180, with a header) as rows of an import. */
import { parse } from "csv-parse/sync";
import { ApiError } from "../_shared/errors.ts";

function invalidCsv(message: string): ApiError {
  return new ApiError(400, "invalid_csv", message);
}

function parseRecords(text: string): string[][] {
  try {
    return parse(text, { bom: true, skip_empty_lines: true, relax_column_count: true });
  } catch (error) {
    const line = error instanceof Error && "lines" in error ? ` in line ${error.lines}` : "";
    throw invalidCsv(`The CSV cannot be read${line}: a quote is missing or misplaced.`);
  }
}

/**
 * One object per record, whose texts are the database's to read. A record of another length than
 * the header is a text that says so, which the import refuses under its number.
 *
 * @throws ApiError 400 `invalid_csv` when it cannot be read, or its header is missing or ambiguous
 */
export function readCsv(text: string): (Record<string, string> | string)[] {
  const [header, ...records] = parseRecords(text);
  if (!header) throw invalidCsv("The CSV has no header.");
  const names = header.map((name) => name.trim().toLowerCase());
  for (const [place, name] of names.entries()) {
    if (name === "") throw invalidCsv(`The header's column ${place + 1} has no name.`);
    if (names.indexOf(name) !== place) throw invalidCsv(`The header names ${name} twice.`);
  }
  return records.map((record) =>
    record.length === names.length
      ? Object.fromEntries(names.map((name, place) => [name, record[place] ?? ""]))
      : `The row has ${record.length} fields and the header ${names.length}.`
  );
}
