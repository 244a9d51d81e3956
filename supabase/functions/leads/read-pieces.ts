/**
 * A long table bit by bit: where a piece of its bytes ends so that no record is cut, and what stands above its rows.
 */
import { type Encoding, findEncoding, storable } from "./decode-file.ts";
import { findHeading, findSeparator, invalidCsv, parseRecords, readSep } from "./read-csv.ts";

/** How a file is read, the same for each of its pieces. */
export interface Format {
  readonly encoding: Encoding;
  readonly separator: string;
  readonly newline: "\n" | "\r";
  /** Where the row below the headings begins. */
  readonly first_byte: number;
}

/** Bytes that are read at once, and records that are taken of them. */
export const pieceBytes = 512 * 1024;
export const pieceRecords = 500;

const longestHead = 64 * 1024;

/** Bytes up to the last line end: no character is cut. */
function wholeLines(bytes: Uint8Array, { encoding, newline }: Omit<Format, "first_byte">) {
  const sign = newline.charCodeAt(0);
  if (!encoding.startsWith("utf-16")) return bytes.subarray(0, bytes.lastIndexOf(sign) + 1);
  const low = encoding === "utf-16le" ? 0 : 1;
  for (let at = (bytes.length & ~1) - 2; at >= 0; at -= 2) {
    if (bytes[at + low] === sign && bytes[at + 1 - low] === 0) return bytes.subarray(0, at + 2);
  }
  return bytes.subarray(0, 0);
}

function bytesOf(text: string, encoding: Encoding): number {
  if (encoding === "utf-8") return new TextEncoder().encode(text).length;
  return encoding === "windows-1252" ? text.length : 2 * text.length;
}

/** Where a text's records end, at most so many: behind the line ends that stand in no quotes. */
function* recordEnds(text: string, newline: string, most: number): Generator<number> {
  let isQuoted = false;
  let records = 0;
  for (const { 0: sign, index } of text.matchAll(newline === "\n" ? /["\n]/g : /["\r]/g)) {
    if (sign === '"') isQuoted = !isQuoted;
    else if (!isQuoted) {
      yield index + 1;
      if (++records === most) return;
    }
  }
}

/** A piece that ends with a record, and its bytes. */
export interface Piece {
  readonly text: string;
  readonly length: number;
}

/**
 * Cuts the next piece off bytes that begin with a record.
 *
 * @param isEnd whether the file ends with these bytes
 * @throws ApiError 400 `invalid_csv` when no record ends in them
 */
export function cutPiece(
  bytes: Uint8Array,
  format: Omit<Format, "first_byte">,
  isEnd: boolean,
): Piece {
  const { encoding, newline } = format;
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  const text = decoder.decode(isEnd ? bytes : wholeLines(bytes, format));
  let end = 0;
  let records = 0;
  for (const at of recordEnds(text, newline, pieceRecords)) {
    end = at;
    records++;
  }
  if (isEnd && records < pieceRecords) return { text, length: bytes.length };
  if (end === 0) throw invalidCsv("A row is too long, or a quote is missing.");
  const piece = text.slice(0, end);
  return { text: piece, length: bytesOf(piece, encoding) };
}

/** The rows of a piece. @throws ApiError 400 `invalid_csv` */
export function recordsOf(piece: Piece, { separator }: Format): string[][] {
  return parseRecords(storable(piece.text), separator);
}

/**
 * Looks a whole file through: its encoding, what separates, its headings, and how many rows it has.
 *
 * @throws ApiError 400 `invalid_csv` when it cannot be read, or has no heading
 */
export function lookThrough(
  file: Uint8Array,
): { format: Format; headings: string[]; rows: number } {
  const encoding = findEncoding(file);
  const head = new TextDecoder(encoding, { ignoreBOM: true }).decode(
    file.subarray(0, longestHead & ~1),
  );
  const newline = head.includes("\n") ? "\n" : "\r";
  const { text: titled, separator: said } = readSep(storable(head));
  const lastLine = titled.lastIndexOf(newline);
  const separator = said ?? findSeparator(lastLine > 0 ? titled.slice(0, lastLine) : titled);
  const records: string[][] = [];
  const ends: number[] = [];
  let from = 0;
  for (const end of [...recordEnds(head, newline, 400), head.length]) {
    const line = storable(head.slice(from, end));
    const record = from === 0 && said !== null ? undefined : parseRecords(line, separator, 1)[0];
    from = end;
    if (record === undefined) continue;
    records.push(record);
    ends.push(end);
  }
  if (records.length === 0) throw invalidCsv("The CSV has no header.");
  const at = findHeading(records);
  const headings = (records[at] ?? []).map((name) => name.trim());
  while (headings.at(-1) === "") headings.pop();
  const nameless = headings.indexOf("");
  if (nameless >= 0) throw invalidCsv(`The header's column ${nameless + 1} has no name.`);
  const first_byte = bytesOf(head.slice(0, ends[at]), encoding);
  const format = { encoding, separator, newline, first_byte } as const;
  let rows = 0;
  for (let next = first_byte; next < file.length;) {
    const piece = cutPiece(
      file.subarray(next, next + pieceBytes),
      format,
      next + pieceBytes >= file.length,
    );
    const lines = [...recordEnds(piece.text, newline, Infinity), piece.text.length];
    rows += lines.filter((end, place) =>
      /[^\s,;|"]/.test(piece.text.slice(lines[place - 1] ?? 0, end))
    ).length;
    next += piece.length;
  }
  return { format, headings, rows };
}
