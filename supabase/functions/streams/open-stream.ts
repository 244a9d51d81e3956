import { z } from "zod";
import type { Agent, Service } from "../_shared/access/authentication.ts";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody, uuid } from "../_shared/input.ts";
import { requireConversation, showStream, type Stream, writeScope } from "./stream-store.ts";

/** The row's id of a message, or the name that its client gave it. */
const messageName = z.string().min(1).max(200);

const body = z.strictObject({
  conversation_id: uuid,
  message_id: messageName.optional(),
  parent_id: messageName.optional(),
});

/**
 * `POST /streams`: begins an answer in a conversation. The agent's and the service's: nobody else puts
 * words into an assistant's mouth, in their own conversation neither.
 * 201 with the stream and the id that its message will have. With the same `message_id` again it is
 * the same stream. A message that waits, such as for the output of its last call, goes on under its id.
 */
export async function openStream(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const given = await readBody(context.req.raw, body);
  if (caller.kind === "agent") {
    await requireConversation(context.env, given.conversation_id, caller, writeScope);
  }
  const [stream] = await context.env.database.run((sql) =>
    sql<Stream[]>`
      select id, conversation_id, user_id, message_id, parent_id, status, error, client_id,
        stop_requested_at, chunks
      from private.open_stream(
        ${given.conversation_id}, ${given.message_id ?? null}, ${given.parent_id ?? null})`
  );
  if (!stream) throw new ApiError(500, "internal", "open_stream returned no row");
  return answer(showStream(stream), 201);
}
takes(openStream, { body });
