import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody, uuidParameter } from "../_shared/input.ts";
import { describeSession, requireSession, sessionClosed, touchSession } from "./session-store.ts";

const body = z.strictObject({ node: z.string().min(1).max(200).nullable() });

/**
 * `PUT /sessions/:id`: which process holds the session's socket, and that the session lives. For
 * those who hold the socket themselves; a relayed session is placed by its relay.
 */
export async function placeSession(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const id = uuidParameter(context.req.param("id"), "id");
  const { node } = await readBody(context.req.raw, body);
  const { session, isClosed } = await requireSession(context.env, id, caller);
  await context.env.places.requireHere(session.workspace_id); // it is the caller's, who may know
  const placed = isClosed ? null : await touchSession(context.env, session, node);
  if (!placed) throw sessionClosed();
  return answer(describeSession(placed));
}
takes(placeSession, { body });
