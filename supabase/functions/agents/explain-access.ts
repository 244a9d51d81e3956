import { z } from "zod";
import type { Person } from "../_shared/access/authentication.ts";
import { requestedConsistency } from "../_shared/http/requested-consistency.ts";
import { notFound } from "../_shared/errors.ts";
import { answer, answerText, type RequestContext } from "../_shared/http/app.ts";
import { readQuery, uuid, uuidParameter } from "../_shared/input.ts";
import type { Access, Reason } from "../_shared/access/permissions.ts";

const query = z.strictObject({ user: uuid.optional() });

interface OthersAccess {
  allowed: boolean;
  reason: Reason;
  workspace_id: string | null;
  decided_by: unknown;
  revision: number;
}

/** That an agent exists is nobody's business outside its workspace. */
function hides(reason: Reason): boolean {
  return reason === "unknown_agent" || reason === "not_a_member";
}

/** What was said of an access is said again as long as the access is kept. */
const texts = new WeakMap<Access, string>();

function say(agent: string, user: string, access: Access): Response {
  let text = texts.get(access);
  if (text === undefined) {
    if (hides(access.reason)) throw notFound("The agent");
    const { allowed, reason, until, revision } = access;
    text = JSON.stringify({ agent_id: agent, user_id: user, allowed, reason, until, revision });
    texts.set(access, text);
  }
  return answerText(text);
}

async function explainOthers(
  context: RequestContext,
  caller: Person,
  agent: string,
  user: string,
): Promise<Response> {
  const [row] = await context.env.database.run((sql) =>
    sql<(OthersAccess & { administers: boolean })[]>`
      select access.*, private.administers(${caller.userId}, access.workspace_id) as administers,
        coalesce((select revision from private.permission_revisions where user_id = ${user}), 0) as revision
      from private.access_of(${user}, ${agent}) as access`
  );
  // Whether the agent exists is said to its admins only, so a member who is none learns nothing here.
  if (!row?.administers) throw notFound("The agent");
  const { allowed, reason, decided_by, revision } = row;
  return answer({ agent_id: agent, user_id: user, allowed, reason, decided_by, revision });
}

/**
 * `GET /agents/:id/access`: may I, and why. `?user=` asks about somebody else and needs an admin;
 * that answer is always fresh and names the row that decided.
 */
export function explainAccess(
  context: RequestContext,
  caller: Person,
): Response | Promise<Response> {
  const request = context.req.raw;
  const agent = uuidParameter(context.req.param("id"), "id");
  if (request.url.includes("?")) {
    const { user: other } = readQuery(request, query);
    if (other !== undefined && other !== caller.userId) {
      return explainOthers(context, caller, agent, other);
    }
  }
  const consistency = requestedConsistency(context, caller);
  const access = context.env.permissions.access(caller.userId, agent, consistency);
  return access instanceof Promise
    ? access.then((known) => say(agent, caller.userId, known))
    : say(agent, caller.userId, access);
}
