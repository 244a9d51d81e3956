import { useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";
import { AgentChoice } from "./agent-choice.tsx";
import { Credentials } from "./credentials.tsx";

/** The workspace's agents: their credentials, and who has allowed them what. */
export function AgentsScreen() {
  return (
    <AgentChoice title="Agents">
      {({ id, description }) => (
        <>
          <p>{description}</p>
          <Credentials agent={id} />
          <ConsentsTo agent={id} />
        </>
      )}
    </AgentChoice>
  );
}

function ConsentsTo({ agent }: { agent: string }) {
  const { client, nameOf } = useBackend();
  const { error, isBusy, run } = useAction();
  const { value, error: unread, reload } = useLoaded(async () => {
    const { data } = await client.from("agent_consents").select("id, user_id, scopes")
      .eq("agent_id", agent).order("created_at").throwOnError();
    return data;
  }, [client, agent]);
  const end = (id: string) =>
    run(async () => {
      await client.from("agent_consents").delete().eq("id", id).throwOnError();
      await reload();
    });
  return (
    <>
      <h2>Consents</h2>
      <Notice error={unread ?? error} />
      {value?.length === 0 && <p>Nobody has allowed it anything.</p>}
      <ul className="plain" aria-label="Consents">
        {value?.map((one) => (
          <li key={one.id} className="card">
            {one.user_id ? nameOf(one.user_id) : "Everybody in the workspace"}:{" "}
            {one.scopes.join(", ")}{" "}
            <button type="button" disabled={isBusy} onClick={() => end(one.id)}>
              End the consent
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
