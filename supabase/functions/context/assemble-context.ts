import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { notFound } from "../_shared/errors.ts";
import { embedText } from "../_shared/embedding/embed-text.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { readQuery, uuid, uuidParameter } from "../_shared/input.ts";

const query = z.strictObject({
  budget: z.coerce.number().int().min(100).max(2_000_000).default(8000),
  query: z.string().min(1).max(2000).optional(),
  message: uuid.optional(),
});

/**
 * `GET /context/:conversation`: the prompt, within `?budget=` tokens (100–2,000,000, by default 8,000):
 * the profile first, older messages in their short form, the newest ten whole, memories that fit
 * `?query=` by meaning and by words (by default the newest message, by its words) last. `?message=` is another leaf than the one shown.
 *
 * 200 `{record_id, messages, token_count, budget, left_out}`; one statement, which also keeps the
 * record. 422 `budget_too_small` with the tokens needed in the hint.
 */
export async function assembleContext(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const conversation = uuidParameter(context.req.param("conversation"), "conversation");
  const given = readQuery(context.req.raw, query);
  const user = caller.kind === "person" ? caller.userId : null;
  const { database, embedder } = context.env;
  const embedding = await embedText(embedder, given.query);
  const [row] = await database.run((sql) =>
    sql<{ prompt: unknown }[]>`
      select private.assemble_context(
        talk.id, ${given.budget}, ${given.query ?? null}, ${embedding}::text::extensions.halfvec,
        ${embedder.model}, ${given.message ?? null}, null
      ) as prompt
      from public.conversations as talk
      where talk.id = ${conversation} and talk.deleted_at is null
        and (${user}::uuid is null
          or talk.user_id = ${user} and private.belongs_to(talk.user_id, talk.workspace_id))`
  );
  if (!row) throw notFound("The conversation");
  return answer(row.prompt);
}
