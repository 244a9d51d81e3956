import { z } from "zod";
import { type Agent, claimsOf, type Person } from "../_shared/access/authentication.ts";
import { requestedConsistency } from "../_shared/http/requested-consistency.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import { answer, answerText, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readQuery, uuid, uuidParameter } from "../_shared/input.ts";
import type { Access, Reason } from "../_shared/access/permissions.ts";

const query = z.strictObject({
  user: uuid.optional(),
  scope: z.string().min(1).max(100).optional(),
  as: z.literal("itself", { error: "itself, or left out" }).optional(),
});

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
 * About a scope, or asked by an agent: whether it may now, for the person or as itself. Always fresh, as the
 * database answers `explain_access`, so that who may ask is decided there.
 */
async function explainScope(
  context: RequestContext,
  caller: Person | Agent,
  agent: string,
  { user, scope, as }: z.output<typeof query>,
): Promise<Response> {
  const [row] = await context.env.database.run(
    (sql) =>
      sql<{ allowed: boolean; reason: string; decided_by: unknown }[]>`
      select allowed, reason, decided_by from public.explain_access(
        ${agent}, ${user ?? null}::text::uuid, ${scope ?? null}, ${as === "itself"})`,
    { as: claimsOf(caller) },
  );
  const about = as === "itself" ? null : user ?? caller.userId;
  return answer({ agent_id: agent, user_id: about, scope: scope ?? null, ...row });
}

/**
 * `GET /agents/:id/access`: may I, and why. `?user=` asks about somebody else and needs an admin; `?scope=`
 * whether the agent may use a scope for the person, `&as=itself` as itself. Such answers are always fresh and
 * name the row that decided. An agent asks about itself.
 */
export function explainAccess(
  context: RequestContext,
  caller: Person | Agent,
): Response | Promise<Response> {
  const request = context.req.raw;
  const agent = uuidParameter(context.req.param("id"), "id");
  const asked = request.url.includes("?") ? readQuery(request, query) : {};
  if (caller.kind === "agent" || asked.scope !== undefined) {
    return explainScope(context, caller, agent, asked);
  }
  if (asked.as) throw new ApiError(400, "invalid_parameter", "as: goes with scope");
  if (asked.user !== undefined && asked.user !== caller.userId) {
    return explainOthers(context, caller, agent, asked.user);
  }
  const consistency = requestedConsistency(context, caller);
  const access = context.env.permissions.access(caller.userId, agent, consistency);
  return access instanceof Promise
    ? access.then((known) => say(agent, caller.userId, known))
    : say(agent, caller.userId, access);
}
takes(explainAccess, { query });
