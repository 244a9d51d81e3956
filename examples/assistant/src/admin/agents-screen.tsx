import { useState } from "react";
import { useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";
import { Credentials } from "./credentials.tsx";

/** The workspace's agents: their credentials, and who has allowed them what. */
export function AgentsScreen() {
  const { client, workspace } = useBackend();
  const [chosen, choose] = useState<string | null>(null);
  const { value: agents, error } = useLoaded(async () => {
    const { data } = await client.from("agents").select("id, name, status, description")
      .eq("workspace_id", workspace.id).order("name").throwOnError();
    return data;
  }, [client, workspace.id]);
  const agent = agents?.find(({ id }) => id === chosen) ?? agents?.[0];
  return (
    <main className="page">
      <h1>Agents</h1>
      <Notice error={error} />
      <label>
        Agent{" "}
        <select value={agent?.id} onChange={(event) => choose(event.target.value)}>
          {agents?.map(({ id, name, status }) => (
            <option key={id} value={id}>{name} ({status})</option>
          ))}
        </select>
      </label>
      {agent && (
        <div key={agent.id}>
          <p>{agent.description}</p>
          <Credentials agent={agent.id} />
          <ConsentsTo agent={agent.id} />
        </div>
      )}
    </main>
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
