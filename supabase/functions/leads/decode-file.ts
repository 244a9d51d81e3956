/** The text of a file, in whichever encoding a vendor's export has it. */

/** Bytes that are looked at where no mark says what it is. */
const sample = 4096;

/** UTF-16 without a mark: Latin text has a NUL in every second byte. */
function isWide(bytes: Uint8Array): "utf-16le" | "utf-16be" | null {
  const length = Math.min(bytes.length, sample) & ~1;
  if (length < 4) return null;
  const nuls: [number, number] = [0, 0];
  for (let at = 0; at < length; at++) if (bytes[at] === 0) nuls[at % 2 as 0 | 1]++;
  const most = length / 2 * 0.6;
  return nuls[1] > most ? "utf-16le" : nuls[0] > most ? "utf-16be" : null;
}

function findEncoding(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return isWide(bytes) ?? "utf-8";
}

/**
 * Reads a file: UTF-8 and UTF-16 with and without a byte order mark; what is neither is Windows-1252,
 * which Excel writes. No byte is refused. NUL and halves of characters, which cannot be stored, go.
 */
export function decodeFile(bytes: Uint8Array): string {
  const encoding = findEncoding(bytes);
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: encoding === "utf-8" }).decode(bytes);
  } catch {
    text = new TextDecoder("windows-1252").decode(bytes);
  }
  return text.replaceAll("\0", "").toWellFormed();
}
