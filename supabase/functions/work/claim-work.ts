import { z } from "zod";
import { type Agent, asAgent, type Service } from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody, uuid } from "../_shared/input.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";
import { ids, lease, literalOf, queueOf, workspaceOf } from "./work-input.ts";

/** A piece may be 256 KiB long, and an isolate has 256 MiB for all who ask it. */
const mostOfAgents = 100;

const claim = z.strictObject({
  worker: z.string().min(1).max(200),
  batch: z.int().min(1).max(1000).default(1),
  lease,
});

interface Claimed {
  id: number;
  workspace_id: string;
  attempts: number;
  max_attempts: number;
  claim_token: string;
  lease_expires_at: Date;
  work: Json;
}

/**
 * `POST /work/:queue/claim`: up to `batch` pieces of due work for `lease` seconds, in fair shares of
 * all workspaces; for an agent, of its own and at most 100, and of background queries those that it is
 * asked. What is answered is held under one `claim_token`. Nothing due: an empty list.
 */
export async function claimWork(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const queue = queueOf(context);
  const workspace = await workspaceOf(context, caller);
  const said = await readBody(context.req.raw, claim);
  const batch = caller.kind === "agent" ? Math.min(said.batch, mostOfAgents) : said.batch;
  const agent = caller.kind === "agent" ? caller.agentId : null;
  const work = await context.env.database.run((sql) =>
    agent === null
      ? sql<Claimed[]>`
        select id, workspace_id, attempts, max_attempts, claim_token, lease_expires_at, work
        from private.claim_work(${queue}, ${said.worker}, ${batch}, make_interval(secs => ${said.lease}))`
      : sql<Claimed[]>`
        select id, workspace_id, attempts, max_attempts, claim_token, lease_expires_at, work
        from private.claim_work_as_agent(${queue}, ${said.worker}, ${batch},
          make_interval(secs => ${said.lease}), ${workspace}, ${agent})`, { by: asAgent(caller) });
  return answer({ work });
}
takes(claimWork, { body: claim });

const heartbeat = z.strictObject({ claim_token: uuid, ids, lease });

/**
 * `POST /work/:queue/heartbeat`: holds work for another `lease` seconds from now. 409 `lease_lost`,
 * with the ids in the hint, when any of it is not held: then nothing was changed.
 */
export async function heartbeatWork(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const queue = queueOf(context);
  await workspaceOf(context, caller);
  const said = await readBody(context.req.raw, heartbeat);
  const [row] = await context.env.database.run((sql) =>
    sql<{ lease_expires_at: Date }[]>`
      select private.heartbeat_work(
        ${queue}, ${said.claim_token}, ${
      literalOf(said.ids)
    }::bigint[], make_interval(secs => ${said.lease})
      ) as lease_expires_at`, { by: asAgent(caller) });
  return answer({ lease_expires_at: row?.lease_expires_at });
}
takes(heartbeatWork, { body: heartbeat });
