/** What comes in from outside, checked at the door: bodies, path and query parameters, headers. */
import { z } from "zod";
import { parseStorable, storableText } from "./json.ts";
import { ApiError } from "./errors.ts";

const kibibyte = 1024;

function badBody(code: string, message: string, status = 400): ApiError {
  return new ApiError(status, code, message);
}

/** Bytes and milliseconds that a sender may go on after what they send was found too large. */
const hearingOut = { bytes: 16 * kibibyte * kibibyte, milliseconds: 30_000 };

/** Reads on and keeps nothing: a sender who is cut off sees a broken connection and never the answer. */
async function hearOut(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const over = Promise.withResolvers<{ done: true }>();
  const timer = setTimeout(() => over.resolve({ done: true }), hearingOut.milliseconds);
  try {
    for (let left = hearingOut.bytes; left > 0;) {
      const part = await Promise.race([reader.read(), over.promise]);
      if (part.done) break;
      left -= part.value.byteLength;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The parts of a body of so many bytes at most. */
async function* readParts(request: Request, limit: number): AsyncGenerator<Uint8Array> {
  if (!request.body) return;
  const reader = request.body.getReader();
  let isTooLarge = Number(request.headers.get("content-length") ?? 0) > limit;
  let size = 0;
  try {
    while (!isTooLarge) {
      const part = await reader.read();
      if (part.done) return;
      size += part.value.byteLength;
      isTooLarge = size > limit;
      if (!isTooLarge) yield part.value;
    }
    await hearOut(reader);
  } catch (cause) {
    // Whoever sent it went away: nobody's fault here, whatever the runtime throws for it.
    throw new ApiError(400, "incomplete_body", "The body broke off.", { cause });
  } finally {
    await reader.cancel().catch(() => {});
  }
  throw badBody("body_too_large", `The body may be ${limit / kibibyte} KiB long.`, 413);
}

/**
 * Reads a body of text, of so many bytes at most.
 *
 * @throws ApiError 400 `invalid_json` when it is not UTF-8, 400 `incomplete_body` when it broke off,
 * 413 `body_too_large`
 */
export async function readText(request: Request, limit: number): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  try {
    for await (const part of readParts(request, limit)) {
      text += decoder.decode(part, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw badBody("invalid_json", "The body is not UTF-8.");
    throw error;
  }
}

/**
 * Reads a body of bytes, so many at most.
 *
 * @throws ApiError 400 `incomplete_body` when it broke off, 413 `body_too_large`
 */
export async function readBytes(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of readParts(request, limit)) parts.push(part);
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** Where in the input an issue lies, as a client would write it: `entries[2].action`. */
function nameOf(issue: z.core.$ZodIssue): string {
  const path = issue.code === "unrecognized_keys"
    ? [...issue.path, issue.keys[0] ?? ""]
    : issue.path;
  return path.map((step, place) =>
    typeof step === "number" ? `[${step}]` : place === 0 ? String(step) : `.${String(step)}`
  ).join("");
}

function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const candidates = issue.errors.flat().map((inner) =>
    deepest({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue)
  );
  return candidates.sort((one, other) => other.path.length - one.path.length)[0] ?? issue;
}

/** Says the first thing that does not fit, beginning with its name. */
function sayIssue(error: z.ZodError, whole: string): string {
  const first = error.issues[0];
  if (!first) return `${whole} does not fit.`;
  const issue = deepest(first);
  const name = nameOf(issue);
  return `${name || whole}: ${
    issue.code === "unrecognized_keys" ? "is not known here" : issue.message
  }`;
}

const deepestBody = 100;

const isStorable = (text: string) => !text.includes("\0") && text.isWellFormed();

/**
 * Where a value has what cannot be stored, as an error names it from the body down; undefined where
 * it has none. The way is named on the way back, so that a body of a million places costs no names.
 */
function findUnstorable(value: unknown, depth: number): string | undefined {
  if (typeof value === "string") return isStorable(value) ? undefined : "";
  if (typeof value !== "object" || value === null) return undefined;
  if (depth >= deepestBody) throw badBody("invalid_body", "body: is nested too deeply");
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const found = findUnstorable(value[index], depth + 1);
      if (found !== undefined) return `[${index}]${found}`;
    }
    return undefined;
  }
  for (const key in value) {
    if (!isStorable(key)) return "";
    const found = findUnstorable((value as Record<string, unknown>)[key], depth + 1);
    if (found !== undefined) return `.${key}${found}`;
  }
  return undefined;
}

/**
 * Refuses what JSON allows and Postgres does not: NUL, half a surrogate pair; and what would exhaust a stack.
 *
 * @throws ApiError 400 `invalid_body` whose message begins with the place
 */
export function checkContents(body: unknown): void {
  const found = findUnstorable(body, 0);
  if (found === undefined) return;
  const name = storableText(found.replace(/^\./, "") || "body").slice(0, 200);
  throw badBody("invalid_body", `${name}: contains a character that cannot be stored`);
}

const inBodies = new WeakMap<Request, string>();
const listeners = new WeakMap<Request, (workspace: string) => Promise<void>>();

/** The workspace that a request's body has named, once it is read. */
export const workspaceInBody = (request: Request): string | null => inBodies.get(request) ?? null;

/** Hears of the workspace that a request's body names, before the body is handed on. */
export function whenWorkspaceIsRead(
  request: Request,
  hear: (workspace: string) => Promise<void>,
): void {
  listeners.set(request, hear);
}

/**
 * Reads a JSON body that fits a schema, or the one that a function picks for it.
 *
 * @param limit bytes; 64 KiB unless given
 * @param unstorable what becomes of characters that Postgres does not keep: they refuse the body, or
 *   are taken out, where losing what was said would be worse than losing them
 * @throws ApiError 400 `invalid_body` whose message begins with the field's name, 400 `invalid_json`,
 *   413 `body_too_large`, 415 `unsupported_media_type`
 */
export async function readBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema | ((value: unknown) => Schema),
  limit = 64 * kibibyte,
  unstorable: "refuse" | "clean" = "refuse",
): Promise<z.output<Schema>> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw badBody("unsupported_media_type", "Send the body as application/json.", 415);
  }
  const text = await readText(request, limit);
  let value: unknown;
  try {
    value = unstorable === "clean" ? parseStorable(text) : JSON.parse(text);
  } catch {
    throw badBody("invalid_json", text ? "The body is not valid JSON." : "The body is empty.");
  }
  checkContents(value);
  const chosen = typeof schema === "function" ? schema(value) : schema;
  const parsed = chosen.safeParse(value);
  if (!parsed.success) throw badBody("invalid_body", sayIssue(parsed.error, "body"));
  const { workspace_id } = value as { workspace_id?: unknown };
  if (typeof workspace_id === "string" && isUuid(workspace_id)) {
    inBodies.set(request, workspace_id);
    await listeners.get(request)?.(workspace_id);
  }
  return parsed.data;
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID in its usual form. */
export function isUuid(text: string): boolean {
  return uuidForm.test(text);
}

/** A UUID in a body, in lower case, so that it is one key wherever it is kept. */
export const uuid: z.ZodType<string, string> = z.string().regex(uuidForm, {
  error: "must be a UUID",
})
  .transform((text) => text.toLowerCase());

const noMoment = { error: "must be a time in ISO 8601 with an offset, e.g. 2026-01-31T12:00:00Z" };
const firstMoment = Date.parse("0001-01-01T00:00:00Z");

/** A moment in a body: ISO 8601 with an offset, as Postgres knows them: from the year 1, less than 16 hours off. */
export const moment: z.ZodType<string, string> = z.iso.datetime({ offset: true, ...noMoment })
  .refine(
    (text) => Date.parse(text) >= firstMoment && !/[+-](1[6-9]|2\d):\d\d$/.test(text),
    noMoment,
  );

function invalidParameter(message: string): ApiError {
  return new ApiError(400, "invalid_parameter", message);
}

/**
 * A UUID from the path, in lower case.
 *
 * @throws ApiError 400 `invalid_parameter`
 */
export function uuidParameter(value: string | undefined, name: string): string {
  if (!value || !isUuid(value)) throw invalidParameter(`${name}: must be a UUID`);
  return value.toLowerCase();
}

/**
 * Query parameters that fit a schema; unknown and repeated ones are refused, but for `traceparent`, and what cannot be
 * stored.
 *
 * @throws ApiError 400 `invalid_parameter`
 */
export function readQuery<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
): z.output<Schema> {
  const search = new URL(request.url).searchParams;
  const given: Record<string, string> = {};
  search.delete("traceparent"); // every route takes it, and none reads it: http/app.ts has
  for (const [name, value] of search) {
    if (name in given) throw invalidParameter(`${name}: is given twice`);
    if (!isStorable(value)) {
      throw invalidParameter(`${name}: contains a character that cannot be stored`);
    }
    given[name] = value;
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw invalidParameter(sayIssue(parsed.error, "query"));
  return parsed.data;
}

/** The length of a value as Postgres writes jsonb: like JSON, with a space after each comma and colon. */
export function jsonbLength(value: unknown): number {
  if (typeof value !== "object" || value === null) return [...JSON.stringify(value)].length;
  const isArray = Array.isArray(value);
  const parts = isArray
    ? value.map(jsonbLength)
    : Object.entries(value).map(([name, inner]) => jsonbLength(name) + 2 + jsonbLength(inner));
  return 2 + parts.reduce((sum, length) => sum + length, 0) + 2 * Math.max(0, parts.length - 1);
}
