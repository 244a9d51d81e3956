import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { jsonbLength, readBody } from "../_shared/input.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";
import { type ObjectPlace, readObject } from "../_shared/storage.ts";
import { ownerOf, path, treeOf } from "./trees.ts";

const mebibyte = 1024 * 1024;
const longest = 1_000_000;
const shape = {
  path,
  content: z.string().max(longest).optional(),
  file: z.strictObject({
    bucket: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, { error: "must be a bucket's name" }),
    name: z.string().min(1).max(900).refine((name) => !/(^|\/)\.{1,2}(\/|$)|\\|\/\//.test(name), {
      error: "must be an object's name",
    }),
  }).optional(),
  name: z.string().min(1).max(200).optional(),
  language: z.string().min(2).max(35).optional(),
  tags: z.array(z.string().min(1).max(100)).max(50).default([]),
  metadata: z.record(z.string(), z.json()).refine((metadata) => jsonbLength(metadata) <= 16_384, {
    error: "may be 16 KiB long",
  }).default({}),
  source_type: z.enum([
    "manual",
    "uploaded_file",
    "conversation_extraction",
    "web_page",
    "artifact",
  ])
    .optional(),
  source_id: z.string().min(1).max(200).optional(),
};

function withText<Body extends z.ZodObject>(body: Body) {
  return body.refine((given) => (given.content === undefined) !== (given.file === undefined), {
    path: ["content"],
    error: "is needed, or else a file",
  });
}
const ofPerson = withText(z.strictObject({ ...treeOf.person, ...shape }));
const ofService = withText(z.strictObject({ ...treeOf.service, ...shape }));

/** What is text: the rest has to be made into text before. */
const readable = /^(text\/[\w.+-]+|application\/(json|xml|x-ndjson|yaml|x-yaml))\s*(;|$)/i;

const notText = (what: string) => new ApiError(415, "unsupported_media_type", what);

/** Reads a stored file of text, as the caller. */
async function readFile(
  context: RequestContext,
  place: ObjectPlace,
): Promise<{ content: string; type: string }> {
  const { headers } = context.req.raw;
  // In UTF-8 a character is at most three bytes long for each time that it counts.
  const { type, bytes } = await readObject(context.env.environment, headers, place, 3 * mebibyte);
  if (!readable.test(type)) throw notText("The file is not a text.");
  const content = bytes && decode(bytes);
  if (content === null || content.includes("\0") || content.length > longest) {
    throw new ApiError(413, "body_too_large", "The file may be a million characters of text long.");
  }
  return { content, type: type.split(";")[0]?.trim() ?? type };
}

function decode(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw notText("The file is not UTF-8.");
  }
}

/**
 * `POST /knowledge/documents`: puts a text, or a stored file of text, at a path, over what is there.
 * 201 when the document is new, otherwise 200. Its chunks are made with it, their embeddings soon
 * after.
 */
export async function putDocument(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const given = await readBody<typeof ofPerson | typeof ofService>(
    context.req.raw,
    caller.kind === "person" ? ofPerson : ofService,
    4 * mebibyte,
  );
  const owner = await ownerOf(context.env.memberships, caller, given);
  const file = given.file ? await readFile(context, given.file) : null;
  const document = {
    path: given.path,
    content: file?.content ?? given.content,
    name: given.name,
    language: given.language,
    tags: given.tags,
    metadata: given.metadata,
    source_type: given.source_type ?? (file ? "uploaded_file" : "manual"),
    source_id: given.source_id,
    mime_type: file?.type,
    storage_path: given.file && `${given.file.bucket}/${given.file.name}`,
  };
  const person = caller.kind === "person" ? caller.userId : owner;
  const [put] = await context.env.database.run(
    (sql) =>
      sql<{ id: string; is_new: boolean; is_changed: boolean }[]>`
      select id, is_new, is_changed from private.put_document_of(
        ${person}, ${given.workspace_id}, ${owner}, ${sql.json(document as unknown as Json)})`,
    {
      // A million characters are some 3,000 passages.
      query: 30_000,
    },
  );
  return answer(put, put?.is_new ? 201 : 200);
}
takes(putDocument, { body: [ofPerson, ofService] });
