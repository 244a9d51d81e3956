/** Credentials for the example's agents: what an admin does for each of them, the operator does for a local stack. */
import { createGroundworkClient } from "../../types/client.ts";

const NAME = "example-assistant";
/** What the example's agent does for whoever asks it, and the queue in which it is asked. */
const SCOPES = [
  "conversations:read",
  "conversations:write",
  "knowledge:read",
  "memory:read",
  "memory:write",
];
const QUEUE = "work:background_queries";

/**
 * Makes a credential for each published agent, and a consent of its workspace. Those of an earlier start end.
 *
 * @returns what the agent's process reads: `<agent's id>:<credential>`, separated by commas
 */
export async function makeCredentials(apiUrl: string, secretKey: string): Promise<string> {
  const operator = createGroundworkClient(apiUrl, secretKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { data: agents } = await operator.from("agents").select("id, workspace_id")
    .eq("status", "published").throwOnError();
  await operator.from("agent_credentials").delete().eq("name", NAME).throwOnError();
  const made = await Promise.all(agents.map(async ({ id, workspace_id }) => {
    await operator.from("agent_consents")
      .upsert({ workspace_id, agent_id: id, user_id: null, scopes: SCOPES }, {
        onConflict: "agent_id,user_id",
      }).throwOnError();
    const { data } = await operator.rpc("create_agent_credential", {
      agent_id: id,
      name: NAME,
      scopes: [...SCOPES, QUEUE],
    }).single().throwOnError();
    return `${id}:${data.secret}`;
  }));
  return made.join(",");
}
