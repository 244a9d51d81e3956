import { z } from "zod";
import type { Person, Service } from "../_shared/authentication.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import { answer, type RequestContext, requestId } from "../_shared/http.ts";
import { readBody, uuid, uuidParameter } from "../_shared/input.ts";
import type { Reason } from "../_shared/permissions.ts";
import {
  forgetSession,
  keepSession,
  listOpen,
  loadSession,
  type Session,
} from "./session-store.ts";

const opening = z.strictObject({
  agent_id: uuid,
  user_id: uuid.optional(),
  request_id: z.string().min(1).max(200).optional(),
});
const place = z.strictObject({ node: z.string().min(1).max(200).nullable() });

interface Opened {
  allowed: boolean;
  reason: Reason;
  workspace_id: string | null;
  endpoint_url: string | null;
  in_cluster: boolean | null;
  revision: number;
  session: string | null;
}

function whoOpens(caller: Person | Service, given: string | undefined): string {
  if (caller.kind === "person") {
    if (given === undefined || given === caller.userId) return caller.userId;
    throw new ApiError(400, "invalid_body", "user_id: is for the service only");
  }
  if (given === undefined) {
    throw new ApiError(400, "invalid_body", "user_id: is needed from the service");
  }
  return given;
}

/** 403 for those who may know the agent, with the reason as the hint; 404 for everybody else. */
function denied(reason: Reason): ApiError {
  return reason === "unknown_agent" || reason === "not_a_member"
    ? notFound("The agent")
    : new ApiError(403, "access_denied", "This person may not use the agent.", { hint: reason });
}

/**
 * `POST /sessions`: opens a session, if the person may use the agent now. The database decides, in
 * the transaction that writes the audit entry. The same `request_id` within a day is one session.
 */
export async function openSession(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const given = await readBody(context.req.raw, opening);
  const user = whoOpens(caller, given.user_id);
  const [opened] = await context.env.database.run((sql) =>
    sql<Opened[]>`
      select allowed, reason, workspace_id, endpoint_url, in_cluster, revision, session
      from private.open_session(
        ${user}, ${given.agent_id}, ${crypto.randomUUID()},
        ${given.request_id ?? requestId(context.req.raw)}
      )`
  );
  if (!opened) throw new Error("open_session returned no row");
  const { session: id, workspace_id, revision, in_cluster, endpoint_url } = opened;
  if (!opened.allowed || id === null || workspace_id === null) throw denied(opened.reason);
  const now = new Date().toISOString();
  const session: Session = {
    user_id: user,
    agent_id: given.agent_id,
    workspace_id,
    opened_at: now,
    node: null,
    last_seen_at: now,
  };
  await keepSession(context.env, id, session);
  return answer({
    session_id: id,
    agent_id: given.agent_id,
    workspace_id,
    // An address inside the cluster is of no use outside of it: there the relay leads.
    endpoint_url: in_cluster && caller.kind === "person" ? null : endpoint_url,
    connect_url: `${
      context.env.environment.url.replace(/^http/, "ws")
    }/functions/v1/sessions/${id}/connect`,
    revision,
  }, 201);
}

/** `GET /sessions`: the caller's open sessions. After an outage of the scratchpad, those used since. */
export async function listSessions(context: RequestContext, caller: Person): Promise<Response> {
  return answer({ sessions: await listOpen(context.env, caller.userId) });
}

/** `PUT /sessions/:id`: where its socket is, or null when it has none; keeps the session alive. */
export async function placeSession(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const id = uuidParameter(context.req.param("id"), "id");
  const { node } = await readBody(context.req.raw, place);
  const session = await loadSession(context.env, id, caller);
  await keepSession(context.env, id, { ...session, node });
  return answer({ session_id: id, node });
}

/** `DELETE /sessions/:id`: closes it, in the audit log first. Closing again changes nothing. */
export async function closeSession(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const id = uuidParameter(context.req.param("id"), "id");
  const user = caller.kind === "person" ? caller.userId : null;
  const [closed] = await context.env.database.run((sql) =>
    sql<{ is_new: boolean; user_id: string }[]>`
      select found.user_id, private.close_session(
        ${id}, coalesce(${user}::uuid, found.user_id), ${requestId(context.req.raw)}
      ) as is_new
      from private.find_session(${id}) as found`
  );
  if (!closed) throw notFound("The session");
  await forgetSession(context.env, id, closed.user_id);
  return answer({ session_id: id, closed: closed.is_new });
}
