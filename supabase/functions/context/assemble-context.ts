import { z } from "zod";
import type { Person, Service } from "../_shared/authentication.ts";
import { notFound } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http.ts";
import { readQuery, uuid, uuidParameter } from "../_shared/input.ts";

const query = z.strictObject({
  budget: z.coerce.number().int().min(100).max(2_000_000).default(8000),
  query: z.string().min(1).max(2000).optional(),
  message: uuid.optional(),
});

/**
 * `GET /context/:conversation`: the prompt, within `?budget=` tokens (100–2,000,000, by default 8,000):
 * the profile first, older messages in their short form, the newest ten whole, memories that fit
 * `?query=` (by default the newest message) last. `?message=` is another leaf than the one shown.
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
  const [row] = await context.env.database.run((sql) =>
    sql<{ prompt: unknown }[]>`
      select private.assemble_context(
        talk.id, ${given.budget}, ${given.query ?? null}, null, null, ${given.message ?? null}
      ) as prompt
      from public.conversations as talk
      where talk.id = ${conversation} and talk.deleted_at is null
        and (${user}::uuid is null
          or talk.user_id = ${user} and private.belongs_to(talk.user_id, talk.workspace_id))`
  );
  if (!row) throw notFound("The conversation");
  return answer(row.prompt);
}
