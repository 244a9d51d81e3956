/** How an object is answered: whole, a range of it, or that it has not changed. Source: RFC 9110, 13 and 14. */
import { StorageError } from "./errors.ts";

/** What Storage keeps about an object's bytes. */
export interface Metadata {
  eTag: string;
  size: number;
  mimetype: string;
  cacheControl: string;
  lastModified: string;
  contentLength: number;
  httpStatusCode: number;
}

/** Answers a request for bytes. */
export function answerBytes(
  request: Request,
  bytes: Uint8Array<ArrayBuffer>,
  metadata: Partial<Metadata>,
  download: string | null,
): Response {
  const eTag = metadata.eTag ?? `"${bytes.length}"`;
  const lastModified = new Date(metadata.lastModified ?? 0);
  const headers = new Headers({
    "content-type": metadata.mimetype ?? "application/octet-stream",
    "cache-control": metadata.cacheControl ?? "no-cache",
    "accept-ranges": "bytes",
    etag: eTag,
    "last-modified": lastModified.toUTCString(),
    // Whatever was uploaded is shown as what it was said to be, and runs nothing here.
    "x-content-type-options": "nosniff",
  });
  if (download !== null) {
    const name = download === "" ? "" : `; filename*=UTF-8''${encodeURIComponent(download)}`;
    headers.set("content-disposition", `attachment${name}`);
  }
  if (isUnchanged(request.headers, eTag, lastModified)) {
    return new Response(null, { status: 304, headers });
  }
  const range = readRange(request.headers, bytes.length, eTag, lastModified);
  const part = range ? bytes.subarray(range.from, range.to + 1) : bytes;
  if (range) headers.set("content-range", `bytes ${range.from}-${range.to}/${bytes.length}`);
  headers.set("content-length", String(part.length));
  return new Response(request.method === "HEAD" ? null : part, {
    status: range ? 206 : 200,
    headers,
  });
}

function isUnchanged(headers: Headers, eTag: string, lastModified: Date): boolean {
  const tags = headers.get("if-none-match");
  if (tags !== null) {
    return tags.split(",").some((tag) =>
      tag.trim().replace(/^W\//, "") === eTag || tag.trim() === "*"
    );
  }
  const since = Date.parse(headers.get("if-modified-since") ?? "");
  return Math.floor(lastModified.getTime() / 1000) * 1000 <= since;
}

/** The range that is asked for; null when it is the whole. Several ranges are answered with the whole. */
function readRange(
  headers: Headers,
  size: number,
  eTag: string,
  lastModified: Date,
): { from: number; to: number } | null {
  const asked = /^bytes=(\d*)-(\d*)$/.exec(headers.get("range") ?? "");
  if (!asked || !asked[1] && !asked[2]) return null;
  const onlyIf = headers.get("if-range");
  if (onlyIf !== null && onlyIf !== eTag && onlyIf !== lastModified.toUTCString()) return null;
  const [, first = "", last = ""] = asked;
  const from = first ? Number(first) : Math.max(0, size - Number(last));
  const to = first && last ? Math.min(Number(last), size - 1) : size - 1;
  if (from >= size || to < from) {
    throw new StorageError(
      416,
      "InvalidRange",
      "Requested range not satisfiable",
      "InvalidRange",
      416,
    );
  }
  return { from, to };
}
