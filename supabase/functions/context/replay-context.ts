import type { Person, Service } from "../_shared/access/authentication.ts";
import type { Sql } from "../_shared/database.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import { answerText, type RequestContext } from "../_shared/http/app.ts";
import { readerOf } from "../_shared/http/reader.ts";
import { uuidParameter } from "../_shared/input.ts";
import type postgres from "postgres";

interface Told {
  prompt: string | null;
  workspace_id: string;
}

/** Answers a prompt of one's own. In which workspace it is, only its row says: the primary says who belongs there. */
async function tellPrompt(
  context: RequestContext,
  caller: Person | Service,
  what: string,
  find: (sql: Sql, user: string | null) => postgres.PendingQuery<Told[]>,
): Promise<Response> {
  const { memberships, places, replicas, standings } = context.env;
  const user = caller.kind === "person" ? caller.userId : null;
  const reader = await readerOf(context, standings.ofItself);
  const { rows: [row], isFromReplica, headers } = await replicas.read<Told[]>(reader, {
    build: (sql) => find(sql, user),
    isFound: ([found]) => Boolean(found?.prompt),
  });
  if (!row?.prompt) throw notFound(what);
  if (user === null) await places.requireHere(row.workspace_id);
  const mayRead = !isFromReplica || user === null ||
    await memberships.roleOf(user, row.workspace_id) !== null;
  if (!mayRead) throw notFound(what);
  return answerText(row.prompt, headers);
}

/** `GET /context/records/:id`: the prompt of a record, as it was. */
export async function replayContext(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const id = context.req.param("id") ?? "";
  if (!/^[1-9][0-9]{0,14}$/.test(id)) {
    throw new ApiError(400, "invalid_parameter", "id: must be a record's number");
  }
  return await tellPrompt(context, caller, "The record", (sql, user) =>
    sql<Told[]>`
      select private.replay_context(record.id)::text as prompt, record.workspace_id
      from public.context_records as record
      join public.conversations as talk on talk.id = record.conversation_id
      where record.id = ${id} and talk.deleted_at is null
        and (${user}::uuid is null
          or record.user_id = ${user} and private.belongs_to(record.user_id, record.workspace_id))`);
}

/** `GET /context/of/:message`: the prompt that an answer was given to. */
export async function findPrompt(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const message = uuidParameter(context.req.param("message"), "message");
  return await tellPrompt(context, caller, "The prompt", (sql, user) =>
    sql<Told[]>`
      select public.prompt_of(said.id)::text as prompt, said.workspace_id
      from public.messages as said
      join public.conversations as talk on talk.id = said.conversation_id
      where said.id = ${message} and talk.deleted_at is null
        and (${user}::uuid is null
          or said.user_id = ${user} and private.belongs_to(said.user_id, said.workspace_id))`);
}
