import { z } from "zod";
import type { Person } from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody, uuid } from "../_shared/input.ts";
import { typingKey, typingName, typingTtl } from "./rooms.ts";

const body = z.strictObject({
  workspace_id: uuid,
  conversation_id: uuid,
  is_typing: z.boolean({ error: "must be true or false" }).default(true),
});

/** `PUT /presence/typing`: typing, for the next 6 seconds; or, with `is_typing: false`, no longer. */
export async function type(context: RequestContext, caller: Person): Promise<Response> {
  const { workspace_id, conversation_id, is_typing } = await readBody(context.req.raw, body);
  const { memberships, scratchpad } = context.env;
  await memberships.requireMember(caller.userId, workspace_id);
  const key = typingKey(workspace_id);
  const name = typingName({ conversation_id, user_id: caller.userId });
  if (is_typing) await scratchpad.use((pad) => pad.join(key, name, {}, typingTtl));
  else await scratchpad.use((pad) => pad.leave(key, name));
  return answer({ is_typing, expires_in: is_typing ? typingTtl : 0 });
}
takes(type, { body });
