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

function wideEncoding(bytes: Uint8Array): "utf-16le" | "utf-16be" | null {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return isWide(bytes);
}

/** An encoding that vendors' exports have. */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

/** Says of a whole file how it is encoded. */
export function findEncoding(bytes: Uint8Array): Encoding {
  const wide = wideEncoding(bytes);
  if (wide) return wide;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    // Bit by bit: a text of the whole would be kept for nothing.
    for (let at = 0; at < bytes.length; at += 1 << 20) {
      decoder.decode(bytes.subarray(at, at + (1 << 20)), { stream: true });
    }
    decoder.decode();
    return "utf-8";
  } catch {
    return "windows-1252";
  }
}

/** NUL and halves of characters cannot be stored. */
export const storable = (text: string): string => text.replaceAll("\0", "").toWellFormed();

/**
 * Reads a file: UTF-8 and UTF-16 with and without a byte order mark; what is neither is Windows-1252,
 * which Excel writes. No byte is refused. NUL and halves of characters, which cannot be stored, go.
 */
export function decodeFile(bytes: Uint8Array): string {
  return storable(new TextDecoder(findEncoding(bytes)).decode(bytes));
}
