/** Agents with credentials and tokens, without the walk that gives them: for tests of what a token opens. */
import type postgres from "postgres";
import { environment, mintToken, type Someone } from "./world.ts";

/** A credential of an agent, put where it is kept. */
export async function addCredential(
  sql: postgres.Sql<{ bigint: number }>,
  agent: string,
  scopes: string[],
): Promise<string> {
  const [made] = await sql<{ id: string }[]>`
    insert into public.agent_credentials (workspace_id, agent_id, name, secret_hash, scopes, expires_at)
    select workspace_id, id, 'main', sha256(gen_random_uuid()::text::bytea),
      array(select jsonb_array_elements_text(${sql.json(scopes)})), now() + interval '1 day'
    from public.agents where id = ${agent} returning id`;
  if (!made) throw new Error("no such agent");
  return made.id;
}

/** What a person allows an agent. */
export async function addConsent(
  sql: postgres.Sql<{ bigint: number }>,
  agent: string,
  person: string,
  scopes: string[],
): Promise<void> {
  await sql`
    insert into public.agent_consents (workspace_id, agent_id, user_id, scopes)
    select workspace_id, id, ${person}, array(select jsonb_array_elements_text(${
    sql.json(scopes)
  })) from public.agents where id = ${agent}
    on conflict (agent_id, user_id) do update set scopes = excluded.scopes`;
}

/** The holder of a token as `POST /agents/token` gives it: of an agent as itself, or for a person. */
export async function asAgent(
  agent: string,
  credential: string,
  scopes: string[],
  person?: string,
  workspace?: string,
): Promise<Someone> {
  const actor = { sub: agent, credential_id: credential };
  const id = person ?? agent;
  const token = await mintToken(id, {
    iss: `${environment.url}/functions/v1/agents`,
    client_id: agent,
    credential_id: credential,
    scope: scopes.join(" "),
    ...(workspace ? { workspace_id: workspace } : {}),
    ...(person ? { act: actor } : {}),
  });
  return { id, token };
}
