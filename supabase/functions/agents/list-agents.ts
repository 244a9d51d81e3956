import { z } from "zod";
import type { Person } from "../_shared/access/authentication.ts";
import { requestedConsistency } from "../_shared/http/requested-consistency.ts";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readQuery } from "../_shared/input.ts";
import type { UsableAgent } from "../_shared/access/permissions.ts";

const query = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(500).optional(),
});

type Place = Pick<UsableAgent, "name" | "id">;

function compare(one: Place, other: Place): number {
  if (one.name !== other.name) return one.name < other.name ? -1 : 1;
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}

function toCursor({ name, id }: Place): string {
  return encodeURIComponent(JSON.stringify([name, id]));
}

function fromCursor(cursor: string): Place {
  try {
    const [name, id] = z.tuple([z.string(), z.string()]).parse(
      JSON.parse(decodeURIComponent(cursor)),
    );
    return { name, id };
  } catch {
    throw new ApiError(400, "invalid_parameter", "cursor: is not one that was given out");
  }
}

/**
 * One page of a list of agents, by name. A cursor is a place and not a number, so that a page is
 * right also when an agent of an earlier one has gone.
 */
export function pageOf(
  agents: readonly UsableAgent[],
  limit: number,
  cursor?: string,
): { agents: UsableAgent[]; next_cursor: string | null } {
  const after = cursor === undefined ? null : fromCursor(cursor);
  const rest = agents.toSorted(compare).filter((agent) => !after || compare(agent, after) > 0);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { agents: page, next_cursor: last && rest.length > limit ? toCursor(last) : null };
}

/** `GET /agents`: the agents that the caller may use, by name. Endpoints are given to sessions only. */
export async function listAgents(context: RequestContext, caller: Person): Promise<Response> {
  const { limit, cursor } = readQuery(context.req.raw, query);
  const consistency = requestedConsistency(context, caller);
  const usable = await context.env.permissions.usable(caller.userId, consistency);
  const page = pageOf(usable.agents, limit, cursor);
  return answer(
    {
      revision: usable.revision,
      agents: page.agents.map(({ endpoint_url: _, ...agent }) => agent),
      next_cursor: page.next_cursor,
    },
    200,
    { "x-answered-from": usable.source },
  );
}
takes(listAgents, { query });
