import { z } from "zod";
import type { Person } from "../_shared/access/authentication.ts";
import { requestedConsistency } from "../_shared/http/requested-consistency.ts";
import { forbidden } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody, uuid } from "../_shared/input.ts";
import type { Reason } from "../_shared/access/permissions.ts";

const pair = z.strictObject({ agent_id: uuid, user_id: uuid.optional() });
const body = z.strictObject({ pairs: z.array(pair).min(1).max(100) });

interface Checked {
  agent_id: string;
  user_id: string;
  allowed: boolean;
  reason: Reason;
}

/** Outside its workspace an agent does not exist. */
function veil(reason: Reason): Reason {
  return reason === "not_a_member" ? "unknown_agent" : reason;
}

/**
 * `POST /agents/access/check`: up to 100 pairs at once, answered in their order.
 *
 * Pairs about other people need an admin of each agent's workspace; if one does not, all are
 * refused with the same answer, whether the agent exists or not.
 */
export async function checkAccess(context: RequestContext, caller: Person): Promise<Response> {
  const { permissions, database } = context.env;
  const consistency = requestedConsistency(context, caller);
  const { pairs } = await readBody(context.req.raw, body);
  const asked = pairs.map((p) => ({ agent_id: p.agent_id, user_id: p.user_id ?? caller.userId }));

  // The caller's own are known together; whatever they do not name is looked up with the others'.
  const mine = await permissions.usable(caller.userId, consistency);
  const unknown = asked.filter((p) => p.user_id !== caller.userId || !mine.byId.has(p.agent_id));
  const found = unknown.length === 0
    ? []
    : await database.run((sql) =>
      sql<(Checked & { administers: boolean; ordinal: number })[]>`
      select access.allowed, access.reason, pair.ordinal::int,
        private.administers(${caller.userId}, access.workspace_id) as administers
      from jsonb_array_elements(${sql.json(unknown)}) with ordinality as pair (ids, ordinal)
      cross join lateral private.access_of(
        (pair.ids ->> 'user_id')::uuid, (pair.ids ->> 'agent_id')::uuid
      ) as access
      order by pair.ordinal`
    );
  const looked = new Map(unknown.map((p, place) => [p, found[place]]));

  const results = asked.map((p): Checked => {
    const known = looked.get(p);
    if (known) {
      if (p.user_id !== caller.userId && !known.administers) {
        throw forbidden("Only an admin of the agent's workspace may ask about others.");
      }
      return { ...p, allowed: known.allowed, reason: veil(known.reason) };
    }
    const agent = mine.byId.get(p.agent_id);
    return { ...p, allowed: agent !== undefined, reason: agent?.reason ?? "unknown_agent" };
  });
  return answer({ revision: mine.revision, results });
}
takes(checkAccess, { body });
