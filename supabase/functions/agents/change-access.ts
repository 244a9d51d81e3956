import { z } from "zod";
import type { Person } from "../_shared/access/authentication.ts";
import { answer, type RequestContext, requestId, traceOf } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { moment, readBody, uuidParameter } from "../_shared/input.ts";
import { type Reason, sharedLifetime } from "../_shared/access/permissions.ts";

const grant = z.strictObject({
  can_use: z.boolean({ error: "must be true or false" }).default(true),
  expires_at: moment.nullable().default(null),
  reason: z.string().trim().min(1).max(500).nullable().default(null),
});

interface Changed {
  revision: number;
  allowed: boolean;
  access_reason: Reason;
}

/**
 * Answers once both memories have it: the database by its commit, Redis by a raised floor that also
 * drops the older answer; the next reader puts the new one there. When Redis could not be told, the
 * answer is 202 with the bound until which an old answer may be believed elsewhere. The database's
 * own call to `/invalidate` goes on trying meanwhile.
 */
async function tellEveryone(
  context: RequestContext,
  agent: string,
  user: string,
  changed: Changed | undefined,
): Promise<Response> {
  if (!changed) throw new Error("the change returned no row");
  const told = await context.env.permissions.raiseFloors(new Map([[user, changed.revision]]));
  const body = {
    agent_id: agent,
    user_id: user,
    allowed: changed.allowed,
    reason: changed.access_reason,
    revision: changed.revision,
  };
  return told ? answer(body) : answer({ ...body, bound_seconds: sharedLifetime }, 202);
}

/** `PUT /agents/:id/access/:user`: grants, or with `can_use: false` denies. */
export async function setAccess(context: RequestContext, caller: Person): Promise<Response> {
  const agent = uuidParameter(context.req.param("id"), "id");
  const user = uuidParameter(context.req.param("user"), "user");
  const given = await readBody(context.req.raw, grant);
  const trace = traceOf(context.req.raw)?.traceparent ?? "";
  const [changed] = await context.env.database.run((sql) =>
    sql<Changed[]>`
      select revision, allowed, access_reason
      from (select set_config('groundwork.traceparent', ${trace}, true) as said) as trace
      cross join lateral private.set_access(
        case when trace.said is not null then ${caller.userId}::uuid end, ${agent}, ${user}, ${given.can_use},
        ${given.expires_at}, ${given.reason}, ${requestId(context.req.raw)}
      )`
  );
  return await tellEveryone(context, agent, user, changed);
}
takes(setAccess, { body: grant });

/** `DELETE /agents/:id/access/:user`: back to what the person's role gives. */
export async function removeAccess(context: RequestContext, caller: Person): Promise<Response> {
  const agent = uuidParameter(context.req.param("id"), "id");
  const user = uuidParameter(context.req.param("user"), "user");
  const trace = traceOf(context.req.raw)?.traceparent ?? "";
  const [changed] = await context.env.database.run((sql) =>
    sql<Changed[]>`
      select revision, allowed, access_reason
      from (select set_config('groundwork.traceparent', ${trace}, true) as said) as trace
      cross join lateral private.remove_access(
        case when trace.said is not null then ${caller.userId}::uuid end, ${agent}, ${user}, ${
      requestId(context.req.raw)
    }
      )`
  );
  return await tellEveryone(context, agent, user, changed);
}
