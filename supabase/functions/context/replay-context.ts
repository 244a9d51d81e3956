import type { Person, Service } from "../_shared/access/authentication.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import { answerText, type RequestContext } from "../_shared/http/app.ts";
import { uuidParameter } from "../_shared/input.ts";

const userOf = (caller: Person | Service) => caller.kind === "person" ? caller.userId : null;

/** `GET /context/records/:id`: the prompt of a record, as it was. */
export async function replayContext(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const id = context.req.param("id") ?? "";
  if (!/^[1-9][0-9]{0,14}$/.test(id)) {
    throw new ApiError(400, "invalid_parameter", "id: must be a record's number");
  }
  const user = userOf(caller);
  const [row] = await context.env.database.run((sql) =>
    sql<{ prompt: string }[]>`
      select private.replay_context(record.id)::text as prompt
      from public.context_records as record
      join public.conversations as talk on talk.id = record.conversation_id
      where record.id = ${id} and talk.deleted_at is null
        and (${user}::uuid is null
          or record.user_id = ${user} and private.belongs_to(record.user_id, record.workspace_id))`
  );
  if (!row) throw notFound("The record");
  return answerText(row.prompt);
}

/** `GET /context/of/:message`: the prompt that an answer was given to. */
export async function findPrompt(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const message = uuidParameter(context.req.param("message"), "message");
  const user = userOf(caller);
  const [row] = await context.env.database.run((sql) =>
    sql<{ prompt: string }[]>`
      select public.prompt_of(said.id)::text as prompt
      from public.messages as said
      join public.conversations as talk on talk.id = said.conversation_id
      where said.id = ${message} and talk.deleted_at is null
        and (${user}::uuid is null
          or said.user_id = ${user} and private.belongs_to(said.user_id, said.workspace_id))`
  );
  if (!row?.prompt) throw notFound("The prompt");
  return answerText(row.prompt);
}
