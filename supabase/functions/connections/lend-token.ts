import { z } from "zod";
import {
  type Agent,
  asAgent,
  insufficientScope,
  type Service,
} from "../_shared/access/authentication.ts";
import { findRights } from "../_shared/access/agent-rights.ts";
import { notFound } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readQuery, uuid, uuidParameter } from "../_shared/input.ts";
import type { Services } from "../_shared/services.ts";
import { margin, type Renewal, renewConnection } from "./renew-connection.ts";
import { providerRefused, providerUnavailable } from "./provider-errors.ts";

const query = z.strictObject({
  reason: z.string().min(1).max(200),
  agent: uuid.optional(),
});

interface Read {
  access_token: string | null;
  expires_at: Date | null;
  provider: string;
  account: string | null;
  scopes: string[];
  is_due: boolean;
}

async function read(
  { database }: Services,
  id: string,
  asked: z.output<typeof query>,
  seconds: number,
): Promise<Read> {
  const [row] = await database.run((sql) =>
    sql<Read[]>`
      select access_token, expires_at, provider, account, to_jsonb(scopes) as scopes, is_due
      from private.read_connection_token(
        ${id}, ${asked.reason}, ${asked.agent ?? null}, make_interval(secs => ${seconds})
      )`
  );
  if (!row) throw new Error("read_connection_token returned no row");
  return row;
}

/** A provider that did not renew matters only once the token has ended too. */
function troubleOf(renewal: Renewal) {
  if (renewal.kind === "later") return providerUnavailable(renewal.trouble, renewal.seconds);
  if (renewal.kind === "refused") return providerRefused(renewal.trouble);
  return null;
}

/** What an agent is lent is the person's for whom it acts, in its own workspace. */
async function requireLent({ database }: Services, id: string, agent: Agent): Promise<void> {
  const { userId, workspaceId } = await findRights(database, agent, "connections:use");
  if (userId === null) throw insufficientScope("connections:use");
  const found = await database.run((sql) =>
    sql`select id from public.service_connections
      where id = ${id} and user_id = ${userId} and workspace_id = ${workspaceId}`
  );
  if (found.length === 0) throw notFound("The connection");
}

/**
 * `GET /connections/:id/token?reason=…`: an access token, for an agent that acts for its person, or for the service;
 * `agent`: on whose behalf, who must be one that the person may use. Renewed first when it is about to end. Each answer
 * is an entry in the audit log.
 */
export async function lendToken(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const services = context.env;
  const id = uuidParameter(context.req.param("id"), "id");
  const said = readQuery(context.req.raw, query);
  const asked = caller.kind === "agent" ? { ...said, agent: caller.agentId } : said;
  if (caller.kind === "agent") await requireLent(services, id, caller);
  let token = await read(services, id, asked, margin);
  if (token.is_due) {
    const reason = "about to expire";
    const renewal = await renewConnection(services, id, {
      reason,
      within: margin,
      user: null,
      by: asAgent(caller),
    });
    const trouble = troubleOf(renewal);
    token = await read(services, id, asked, 0).catch((error) => {
      throw trouble ?? error;
    });
  }
  return answer(
    {
      access_token: token.access_token,
      token_type: "Bearer",
      expires_at: token.expires_at,
      connection_id: id,
      provider: token.provider,
      account: token.account,
      scopes: token.scopes,
    },
    200,
    { "cache-control": "no-store" },
  );
}
takes(lendToken, { query });
