import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { readBody, readQuery, uuid, uuidParameter } from "../_shared/input.ts";
import { memberName, presenceTtl, readMember, readSet, roomKey } from "./rooms.ts";
import { everybody, requireView } from "./who-sees-whom.ts";

const metadataLimit = 1024;

const heartbeat = z.strictObject({
  workspace_id: uuid,
  agent_id: uuid.optional(),
  status: z.enum(["online", "busy", "away"], { error: "must be online, busy or away" })
    .default("online"),
  metadata: z.record(z.string(), z.json()).refine(
    (metadata) => new TextEncoder().encode(JSON.stringify(metadata)).length <= metadataLimit,
    { error: "may be 1 KiB long" },
  ).default({}),
});

const departure = z.strictObject({ workspace_id: uuid, agent_id: uuid.optional() });

/**
 * Who a heartbeat is about. A person is present for themselves. An agent is declared present by the
 * service that runs it or by an admin: its users must not be able to say that it is there.
 */
async function nameMember(
  context: RequestContext,
  caller: Person | Service,
  workspace: string,
  agent: string | undefined,
): Promise<string> {
  const { memberships, database } = context.env;
  if (agent === undefined) {
    if (caller.kind === "service") {
      throw new ApiError(400, "invalid_body", "agent_id: is needed from the service");
    }
    await memberships.requireMember(caller.userId, workspace);
    return memberName("person", caller.userId);
  }
  if (caller.kind === "person") await memberships.requireAdmin(caller.userId, workspace);
  const [found] = await database.run((sql) =>
    sql<{ id: string }[]>`
      select id from public.agents where workspace_id = ${workspace} and id = ${agent}`
  );
  if (!found) throw notFound("The agent");
  return memberName("agent", agent);
}

/** `PUT /presence`: here, for the next 45 seconds. */
export async function beat(context: RequestContext, caller: Person | Service): Promise<Response> {
  const given = await readBody(context.req.raw, heartbeat, 8 * metadataLimit);
  const { workspace_id, agent_id, status, metadata } = given;
  const member = await nameMember(context, caller, workspace_id, agent_id);
  const joined = await context.env.scratchpad.use((pad) =>
    pad.join(roomKey(workspace_id), member, { status, metadata }, presenceTtl)
  );
  return answer({ joined, expires_in: presenceTtl });
}

/** `DELETE /presence?workspace_id=…[&agent_id=…]`: gone, at once. */
export async function leave(context: RequestContext, caller: Person | Service): Promise<Response> {
  const { workspace_id, agent_id } = readQuery(context.req.raw, departure);
  const member = await nameMember(context, caller, workspace_id, agent_id);
  const left = await context.env.scratchpad.use((pad) => pad.leave(roomKey(workspace_id), member));
  return answer({ left });
}

/** `GET /presence/:workspace`: who is here. Guests see themselves and the agents that they may use. */
export async function listPresent(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const workspace = uuidParameter(context.req.param("workspace"), "workspace");
  const sees = caller.kind === "person"
    ? await requireView(context.env, caller.userId, workspace)
    : everybody;
  const members = await readSet(context.env.scratchpad, roomKey(workspace), presenceTtl);
  return answer({ members: members.map(readMember).filter(({ kind, id }) => sees(kind, id)) });
}
