/** What the protocol Durable Streams asks with: paths, offsets, and headers, each checked at the door. */
import { ApiError } from "../../_shared/errors.ts";
import type { RequestContext } from "../../_shared/http/app.ts";
import { isUuid } from "../../_shared/input.ts";

const root = "/v1/stream/";
const longestPath = 500;

function refuse(message: string): ApiError {
  return new ApiError(400, "invalid_parameter", message);
}

/** The path of a stream within a URL's, as it is known: what comes after `/v1/stream/`. */
export function pathWithin(pathname: string): string {
  const at = pathname.indexOf(root);
  let path: string;
  try {
    path = at < 0 ? "" : decodeURIComponent(pathname.slice(at + root.length));
  } catch {
    throw refuse("path: is not well encoded");
  }
  const isClean = path.split("/").every((step) => step !== "" && step !== "." && step !== "..");
  if (
    !isClean || path.length > longestPath || /\p{Cc}/u.test(path) || !path.isWellFormed()
  ) {
    throw refuse(`path: 1 to ${longestPath} characters, in steps that are not empty`);
  }
  if (path.split("/")[0] === "__ds") {
    throw new ApiError(501, "not_implemented", "Subscriptions are not offered here.", {
      hint: "Background work is the queues': the function `work`.",
    });
  }
  return path;
}

export const pathOf = (context: RequestContext): string =>
  pathWithin(new URL(context.req.raw.url).pathname);

/** Whose a stream is, by its path: a conversation's, an answer's, or the service's own. */
export type Place =
  | { kind: "conversation"; conversation: string }
  | { kind: "answer"; stream: string }
  | { kind: "service" };

export function placeOf(path: string): Place {
  const [first = "", second = "", ...rest] = path.split("/");
  if (first === "conversations" && isUuid(second) && rest.length > 0) {
    return { kind: "conversation", conversation: second.toLowerCase() };
  }
  if (first === "answers" && isUuid(second) && rest.length === 0) {
    return { kind: "answer", stream: second.toLowerCase() };
  }
  return { kind: "service" };
}

const digits = 16;
const generation = "0".repeat(digits);
/** A position as clients keep it, in the form of the protocol's examples: their order is that of the texts. */
export const offsetOf = (position: number): string =>
  `${generation}_${String(position).padStart(digits, "0")}`;

function positionOf(offset: string, name: string): number {
  const [, position] = /^0{16}_(\d{16})$/.exec(offset) ?? [];
  if (position === undefined) throw refuse(`${name}: is not an offset of this stream`);
  return Number(position);
}

/** From where a reader wants to read. */
export interface Wanted {
  readonly from: number | "now";
  readonly live: "long-poll" | "sse" | null;
  readonly cursor: number | null;
}

/** Unknown parameters are other extensions': they are passed over, as the protocol has it. */
export function readWanted(request: Request): Wanted {
  const { searchParams } = new URL(request.url);
  const [offset, ...more] = searchParams.getAll("offset");
  if (more.length > 0) throw refuse("offset: is given twice");
  const live = searchParams.get("live");
  if (live !== null && live !== "long-poll" && live !== "sse") {
    throw refuse("live: is long-poll or sse");
  }
  if (live !== null && offset === undefined) throw refuse("offset: is needed to read live");
  const cursor = Number(searchParams.get("cursor"));
  return {
    from: offset === "now"
      ? "now"
      : offset === undefined || offset === "-1"
      ? 0
      : positionOf(offset, "offset"),
    live,
    cursor: Number.isSafeInteger(cursor) && cursor > 0 ? cursor : null,
  };
}

const isTrue = (value: string | null) => value?.toLowerCase() === "true";

function readNumber(headers: Headers, name: string): number | undefined {
  const given = headers.get(name);
  if (given === null) return undefined;
  const number = Number(given);
  if (!/^(0|[1-9]\d*)$/.test(given) || !Number.isSafeInteger(number)) {
    throw refuse(`${name}: must be a whole number from 0 on`);
  }
  return number;
}

function readExpiry(headers: Headers): string | undefined {
  const given = headers.get("stream-expires-at");
  if (given === null) return undefined;
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;
  if (!form.test(given) || Number.isNaN(Date.parse(given))) {
    throw refuse("stream-expires-at: must be a time of RFC 3339");
  }
  return given;
}

function readType(headers: Headers): string | undefined {
  const type = headers.get("content-type") ?? "";
  if (type.length > 200) throw refuse("content-type: has at most 200 characters");
  return type === "" ? undefined : type;
}

/** Of a JSON object the members that are there. */
function present(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** What `PUT` asks for, as `private.create_durable` takes it. */
export function readCreation(headers: Headers): Record<string, unknown> {
  const ttl = readNumber(headers, "stream-ttl");
  const expires_at = readExpiry(headers);
  if (ttl !== undefined && expires_at !== undefined) {
    throw refuse("stream-ttl: and stream-expires-at exclude each other");
  }
  if (ttl !== undefined && ttl > 10 * 366 * 86_400) {
    throw refuse("stream-ttl: is ten years at most");
  }
  const from = headers.get("stream-forked-from");
  const offset = headers.get("stream-fork-offset");
  const fork_sub = readNumber(headers, "stream-fork-sub-offset");
  if (from === null && (offset !== null || fork_sub !== undefined)) {
    throw refuse("stream-forked-from: is needed for an offset of a fork");
  }
  const fork_offset = offset === null
    ? undefined
    : String(offset === "-1" ? 0 : positionOf(offset, "stream-fork-offset"));
  return present({
    content_type: readType(headers),
    ttl,
    expires_at,
    is_closed: isTrue(headers.get("stream-closed")),
    fork_from: from === null ? undefined : pathWithin(from),
    fork_offset,
    fork_sub,
  });
}

function readProducer(headers: Headers): Record<string, unknown> {
  const names = ["producer-id", "producer-epoch", "producer-seq"];
  const given = names.filter((name) => headers.has(name));
  if (given.length === 0) return {};
  if (given.length < names.length) throw refuse(`${names.join(", ")}: all three or none`);
  const id = headers.get("producer-id") ?? "";
  if (id === "" || id.length > 200) throw refuse("producer-id: has 1 to 200 characters");
  return {
    producer_id: id,
    epoch: readNumber(headers, "producer-epoch"),
    producer_seq: readNumber(headers, "producer-seq"),
  };
}

/** What `POST` asks for, as `private.append_durable` takes it. */
export function readAppending(headers: Headers): Record<string, unknown> {
  const seq = headers.get("stream-seq") ?? undefined;
  if (seq !== undefined && (seq === "" || seq.length > 200)) {
    throw refuse("stream-seq: has 1 to 200 characters");
  }
  return present({
    content_type: readType(headers),
    is_closed: isTrue(headers.get("stream-closed")),
    seq,
    ...readProducer(headers),
  });
}

/** Bytes of one request's body. */
export const longestBody: number = 1024 * 1024;

/** Sees that bytes are JSON. @returns whether there is a message in it: an empty list has none */
export function checkJson(bytes: Uint8Array): boolean {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new ApiError(400, "invalid_json", "The body is not valid JSON.");
  }
  return !(Array.isArray(value) && value.length === 0);
}
