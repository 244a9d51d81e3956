import { z } from "zod";
import { rightsOf } from "../_shared/access/agent-rights.ts";
import type { Agent, Person, Service } from "../_shared/access/authentication.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import type { Services } from "../_shared/services.ts";
import { readBody, readQuery, uuid, uuidParameter } from "../_shared/input.ts";
import { memberName, presenceTtl, readMember, readSet, roomKey } from "./rooms.ts";
import { everybody, requireView, type View } from "./visibility.ts";

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

/** What an agent needs for seeing who is here, and for saying that it is. */
export const presenceScope = "presence";

/**
 * Lets in who may see a workspace's room.
 *
 * @returns whom they see there: for a person an agent sees what they see
 * @throws ApiError 404 `not_found`, 403 `insufficient_scope`, 421 `misdirected_workspace`
 */
export async function requireRoom(
  services: Services,
  workspace: string,
  caller: Person | Service | Agent,
): Promise<View> {
  if (caller.kind === "service") {
    await services.places.requireHere(workspace);
    return everybody;
  }
  if (caller.kind === "person") return await requireView(services, caller.userId, workspace);
  const { workspaceId, userId } = await rightsOf(services.database, caller, presenceScope);
  if (workspaceId !== workspace) throw notFound("The workspace");
  return userId === null ? everybody : await requireView(services, userId, workspace);
}

/**
 * Who a heartbeat is about. A person is present for themselves. An agent is declared present by
 * itself, by the service that runs it, or by an admin: its users must not be able to say that it is there.
 */
async function nameMember(
  context: RequestContext,
  caller: Person | Service | Agent,
  workspace: string,
  agent: string | undefined,
): Promise<string> {
  const { memberships, database } = context.env;
  if (caller.kind === "agent") {
    await requireRoom(context.env, workspace, caller);
    if (agent !== undefined && agent !== caller.agentId) throw notFound("The agent");
    return memberName("agent", caller.agentId);
  }
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
export async function beat(
  context: RequestContext,
  caller: Person | Service | Agent,
): Promise<Response> {
  const given = await readBody(context.req.raw, heartbeat, 8 * metadataLimit);
  const { workspace_id, agent_id, status, metadata } = given;
  const member = await nameMember(context, caller, workspace_id, agent_id);
  const joined = await context.env.scratchpad.use((pad) =>
    pad.join(roomKey(workspace_id), member, { status, metadata }, presenceTtl)
  );
  return answer({ joined, expires_in: presenceTtl });
}
takes(beat, { body: heartbeat });

/** `DELETE /presence?workspace_id=…[&agent_id=…]`: gone, at once. */
export async function leave(
  context: RequestContext,
  caller: Person | Service | Agent,
): Promise<Response> {
  const { workspace_id, agent_id } = readQuery(context.req.raw, departure);
  const member = await nameMember(context, caller, workspace_id, agent_id);
  const left = await context.env.scratchpad.use((pad) => pad.leave(roomKey(workspace_id), member));
  return answer({ left });
}
takes(leave, { query: departure });

/**
 * `GET /presence/:workspace`: who is here. Guests see themselves and the agents that they may use; an agent, what its
 * person does.
 */
export async function listPresent(
  context: RequestContext,
  caller: Person | Service | Agent,
): Promise<Response> {
  const workspace = uuidParameter(context.req.param("workspace"), "workspace");
  const sees = await requireRoom(context.env, workspace, caller);
  const members = await readSet(context.env.scratchpad, roomKey(workspace), presenceTtl);
  return answer({ members: members.map(readMember).filter(({ kind, id }) => sees(kind, id)) });
}
