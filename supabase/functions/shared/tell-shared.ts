import { z } from "zod";
import { notFound } from "../_shared/errors.ts";
import { answerText, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readQuery, uuid } from "../_shared/input.ts";

const query = z.strictObject({
  page_size: z.coerce.number().int().min(1).max(200).default(50),
  /** The oldest message of the page before. */
  before: uuid.optional(),
});

/** What `create_share_link` gives: 64 hex digits. Anything else is not worth a question. */
const form = /^[0-9a-f]{64}$/;

/**
 * `GET /shared/:token`: what was said in the conversation that the link is for, newest first:
 * `{title, created_at, by, messages}`. 404 when the link was revoked or has ended, the conversation
 * was deleted, or its owner left.
 */
export async function tellShared(context: RequestContext): Promise<Response> {
  const token = context.req.param("token") ?? "";
  const { page_size, before } = readQuery(context.req.raw, query);
  if (!form.test(token)) throw notFound("The shared conversation");
  const [row] = await context.env.database.run((sql) =>
    sql<{ said: string }[]>`
      select private.transcript_page(
        private.conversation_of_link(${token}), ${page_size}, ${before ?? null})::text as said`
  );
  const response = answerText(row?.said ?? "null");
  // A link that was revoked is over, for caches and search engines too.
  response.headers.set("cache-control", "no-store");
  response.headers.set("x-robots-tag", "noindex");
  return response;
}
takes(tellShared, { query });
