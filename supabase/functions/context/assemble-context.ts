import { z } from "zod";
import {
  type Agent,
  insufficientScope,
  type Person,
  type Service,
} from "../_shared/access/authentication.ts";
import type { Database } from "../_shared/database.ts";
import { notFound } from "../_shared/errors.ts";
import { embedText } from "../_shared/embedding/embed-text.ts";
import { answerText, type RequestContext, traceOf } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readQuery, uuid, uuidParameter } from "../_shared/input.ts";

const query = z.strictObject({
  budget: z.coerce.number().int().min(100).max(2_000_000).default(8000),
  query: z.string().min(1).max(2000).optional(),
  message: uuid.optional(),
});

/** A prompt tells what was said and what is remembered: an agent must be allowed both. */
async function requireBoth(database: Database, agent: Agent): Promise<void> {
  const rights = await database.run(
    (sql) =>
      sql<{ user_id: string }[]>`
      select talk.user_id from private.agent_rights('conversations:read') as talk
      join private.agent_rights('memory:read') as memory on memory.user_id = talk.user_id`,
    { as: agent },
  );
  if (rights.length === 0) throw insufficientScope("conversations:read memory:read");
}

/**
 * `GET /context/:conversation`: the prompt, within `?budget=` tokens (100–2,000,000, by default 8,000):
 * the profile first, older messages in their short form, the newest ten whole, memories that fit
 * `?query=` by meaning and by words (by default the newest message, by its words) last. `?message=` is another leaf
 * than the one shown.
 *
 * 200 `{record_id, messages, token_count, budget, left_out}`; one statement, which also keeps the
 * record. 422 `budget_too_small` with the tokens needed in the hint.
 */
export async function assembleContext(
  context: RequestContext,
  caller: Person | Service | Agent,
): Promise<Response> {
  const conversation = uuidParameter(context.req.param("conversation"), "conversation");
  const given = readQuery(context.req.raw, query);
  const { database, embedder, replicas } = context.env;
  if (caller.kind === "agent") await requireBoth(database, caller);
  const user = caller.kind === "service" ? null : caller.userId;
  const agent = caller.kind === "agent" ? caller.agentId : null;
  const embedding = await embedText(embedder, given.query);
  const [row] = await database.run((sql) =>
    sql<{ prompt: string; record_id: string }[]>`
      select made.prompt::text as prompt, made.prompt ->> 'record_id' as record_id
      from public.conversations as talk
      cross join lateral private.assemble_context(
        talk.id, ${given.budget}, ${given.query ?? null}, ${embedding}::text::extensions.halfvec,
        ${embedder.model}, ${given.message ?? null}, null
      ) as made (prompt)
      where talk.id = ${conversation} and talk.deleted_at is null
        and (${user}::uuid is null
          or talk.user_id = ${user} and private.belongs_to(talk.user_id, talk.workspace_id))
        and (${agent}::uuid is null or talk.agent_id = ${agent})`
  );
  if (!row) throw notFound("The conversation");
  traceOf(context.req.raw)?.set({
    "gen_ai.conversation.id": conversation,
    "groundwork.prompt.record_id": row.record_id,
  });
  // It keeps a record, so that it is a write.
  return await replicas.tellPosition(answerText(row.prompt));
}
takes(assembleContext, { query });
