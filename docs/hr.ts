/**
 * HR, an agent of the seed, as the other examples run it: with a credential that an admin made, for a
 * person who allowed it. docs/agents.md explains both, and docs/agents.ts shows a refusal first.
 */
import { createAgentTokens } from "../types/agent-tokens.ts";
import { createGroundworkClient, type GroundworkClient } from "../types/client.ts";

async function done<T>(asked: PromiseLike<{ data: T; error: unknown }>): Promise<NonNullable<T>> {
  const { data, error } = await asked;
  if (error) throw error;
  return data!;
}

/**
 * A client that acts as HR for a person who has signed in, with these scopes; and its admin. `stop` ends its
 * credential.
 */
export async function startHr(
  url: string,
  key: string,
  person: GroundworkClient,
  scopes: string[],
) {
  const { data: { session } } = await person.auth.getSession();
  const hr = (await done(person.rpc("my_agents"))).find((one) => one.slug === "hr")!;
  const { workspace_id, id: agent_id } = hr;

  const ben = createGroundworkClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { error } = await ben.auth.signInWithPassword({
    email: "ben@acme.example",
    password: "groundwork-demo",
  });
  if (error) throw error;
  // deno-lint-ignore no-explicit-any -- functions answer in shapes of their own
  const credential = await done<any>(
    ben.functions.invoke(`agents/${agent_id}/credentials`, { body: { name: "example", scopes } }),
  );
  await done(
    person.from("agent_consents")
      .upsert({ workspace_id, agent_id, user_id: session!.user.id, scopes }, {
        onConflict: "agent_id,user_id",
      })
      .select(),
  );
  const tokens = createAgentTokens({ url, agent: agent_id, credential: credential.secret });
  return {
    admin: ben,
    client: createGroundworkClient(url, key, {
      accessToken: tokens.forPerson(session!.access_token, scopes),
    }),
    async stop() {
      await ben.from("agent_credentials").delete().eq("id", credential.id).throwOnError();
      await ben.auth.signOut();
    },
  };
}
