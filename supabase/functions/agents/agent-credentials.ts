import { z } from "zod";
import type { Person } from "../_shared/access/authentication.ts";
import { claimsOf } from "../_shared/access/authentication.ts";
import { notFound } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { moment, readBody, uuidParameter } from "../_shared/input.ts";

const body = z.strictObject({
  name: z.string().min(1).max(100),
  scopes: z.array(z.string().min(1).max(100)).min(1).max(50),
  expires_at: moment.optional(),
  client: z.strictObject({
    id: z.string().min(1).max(300),
    issuer: z.url({ protocol: /^https?$/ }).max(500).optional(),
  }).optional(),
});

/** A credential as admins see it: all but its secret. */
interface Credential {
  id: string;
  name: string;
  /** The client that it stands for, instead of a secret; issuer null: of the project's own Auth. */
  client: { id: string; issuer: string | null } | null;
  scopes: string[];
  expires_at: string;
  last_used_at: string | null;
  created_by: string | null;
  created_at: string;
}

/**
 * `POST /agents/:id/credentials`: makes a credential of an agent and answers its secret, this once.
 * 201 `{id, secret, expires_at}`. With `client` it is a client of an authorization server that is this agent, and
 * `secret` is null; 409 `client_taken` where it is one of the workspace already. Admins of the agent's workspace; 404
 * for others.
 */
export async function createCredential(context: RequestContext, caller: Person): Promise<Response> {
  const agent = uuidParameter(context.req.param("id"), "id");
  const { name, scopes, expires_at, client } = await readBody(context.req.raw, body);
  const [made] = await context.env.database.run(
    (sql) =>
      sql<{ id: string; secret: string | null; expires_at: string }[]>`
      select credential_id as id, secret, to_jsonb(expires) #>> '{}' as expires_at
      from public.create_agent_credential(${agent}, ${name},
        (select array_agg(s) from jsonb_array_elements_text(${sql.json(scopes)}) as s),
        ${expires_at ?? null}::text::timestamptz, ${client?.id ?? null}, ${
        client?.issuer ?? null
      })`,
    { as: claimsOf(caller) },
  );
  return answer(made, 201, { "cache-control": "no-store" });
}
takes(createCredential, { body });

/** `GET /agents/:id/credentials`: those that an agent has, newest first, without their secrets. */
export async function listCredentials(context: RequestContext, caller: Person): Promise<Response> {
  const agent = uuidParameter(context.req.param("id"), "id");
  const credentials = await context.env.database.run(
    (sql) =>
      sql<Credential[]>`
      select id, name, to_jsonb(scopes) as scopes,
        case when client_id is not null then jsonb_build_object('id', client_id, 'issuer', client_issuer) end
          as client,
        to_jsonb(expires_at) #>> '{}' as expires_at,
        to_jsonb(last_used_at) #>> '{}' as last_used_at, created_by, to_jsonb(created_at) #>> '{}' as created_at
      from public.agent_credentials where agent_id = ${agent} order by created_at desc, id`,
    { as: claimsOf(caller) },
  );
  return answer({ credentials });
}

/** `DELETE /agents/:id/credentials/:credential`: ends a credential, and every token given for it, at once. */
export async function removeCredential(context: RequestContext, caller: Person): Promise<Response> {
  const agent = uuidParameter(context.req.param("id"), "id");
  const credential = uuidParameter(context.req.param("credential"), "credential");
  const gone = await context.env.database.run(
    (sql) =>
      sql<{ id: string }[]>`
      delete from public.agent_credentials where id = ${credential} and agent_id = ${agent} returning id`,
    { as: claimsOf(caller) },
  );
  if (gone.length === 0) throw notFound("The credential");
  return answer({ removed: credential });
}
