import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import { answer, type RequestContext, requestId } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody, uuid } from "../_shared/input.ts";
import type { Reason } from "../_shared/access/permissions.ts";
import type { Services } from "../_shared/services.ts";
import {
  findRecorded,
  idleLifetime,
  keepSession,
  type Session,
  sessionClosed,
} from "./session-store.ts";

const body = z.strictObject({
  agent_id: uuid,
  user_id: uuid.optional(),
  request_id: z.string().min(1).max(200).optional(),
});

interface Opened {
  allowed: boolean;
  reason: Reason;
  workspace_id: string;
  endpoint_url: string;
  in_cluster: boolean;
  revision: number;
  session: string;
}

/** A person opens for themselves, the service for whom it names. */
function whoOpens(caller: Person | Service, named: string | undefined): string {
  const problem = caller.kind === "person"
    ? named !== undefined && named !== caller.userId && "is for the service only"
    : named === undefined && "is needed from the service";
  if (problem) throw new ApiError(400, "invalid_body", `user_id: ${problem}`);
  return caller.kind === "person" ? caller.userId : named as string;
}

/** Why a person may not use an agent, as they are told: outside its workspace it does not exist. */
export function refuse(reason: Reason): ApiError {
  return reason === "unknown_agent" || reason === "not_a_member"
    ? notFound("The agent")
    : new ApiError(403, "access_denied", "You may not use this agent.", { hint: reason });
}

/** What a client may know of an endpoint: inside the cluster nothing, outside no query with keys. */
export function tellEndpoint(url: string, isInCluster: boolean): string | null {
  if (isInCluster) return null;
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/**
 * What the first request of this id opened. The database has seen that it is the same person's, with the same agent.
 */
async function findFirst(services: Services, id: string): Promise<Session> {
  const first = await findRecorded(services, id);
  if (!first || first.isClosed) throw sessionClosed();
  return first.session;
}

/**
 * `POST /sessions`: opens a session with an agent. The database decides whether the person may, now,
 * and writes that it was opened; no cache is asked. The same `request_id` within a day is one
 * session: 201 when it is new, 200 when it is known.
 */
export async function openSession(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const given = await readBody(context.req.raw, body);
  const user = whoOpens(caller, given.user_id);
  const id = crypto.randomUUID();
  const [opened] = await context.env.database.run((sql) =>
    sql<Opened[]>`
      select allowed, reason, workspace_id, endpoint_url, in_cluster, revision, session
      from private.open_session(
        ${user}, ${given.agent_id}, ${id},
        ${given.request_id ?? requestId(context.req.raw)}, ${caller.kind === "service"}
      )`
  );
  if (!opened) throw new Error("open_session returned no row");
  if (!opened.allowed) throw refuse(opened.reason);
  const isNew = opened.session === id;
  const now = new Date().toISOString();
  const session: Session = isNew
    ? {
      id,
      user_id: user,
      agent_id: given.agent_id,
      workspace_id: opened.workspace_id,
      node: null,
      opened_at: now,
      last_seen_at: now,
    }
    : await findFirst(context.env, opened.session);
  if (isNew) await keepSession(context.env, session);
  const path = `/functions/v1/sessions/${session.id}/connect`;
  return answer({
    session_id: session.id,
    agent_id: session.agent_id,
    workspace_id: session.workspace_id,
    opened_at: session.opened_at,
    endpoint_url: tellEndpoint(opened.endpoint_url, opened.in_cluster),
    connect_path: path,
    // As this project calls itself; clients that know it by another name use the path.
    connect_url: context.env.environment.url.replace(/^http/, "ws").replace(/\/$/, "") + path,
    idle_seconds: idleLifetime,
    revision: opened.revision,
  }, isNew ? 201 : 200);
}
takes(openSession, { body });
