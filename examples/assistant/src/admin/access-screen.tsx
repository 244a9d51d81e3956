import { useState } from "react";
import type { Returns } from "groundwork-client";
import { callFunction, useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";

type Explained = Returns<"explain_access">[number];

/** The row that decides, in words. */
function rowOf({ decided_by }: Explained): string {
  const { table, ...columns } = (decided_by ?? {}) as Record<string, unknown>;
  if (table === undefined) return "";
  const named = Object.entries(columns).filter(([name, value]) =>
    value !== null && !/_(id|by)$/.test(name)
  ).map(([name, value]) => `${name}: ${value}`);
  return `${table} (${named.join(", ")})`;
}

/** Who may use which agent, and why; granted and revoked. */
export function AccessScreen() {
  const { client, workspace } = useBackend();
  const [chosen, choose] = useState<string | null>(null);
  const { value: agents, error } = useLoaded(async () => {
    const { data } = await client.from("agents").select("id, name, status")
      .eq("workspace_id", workspace.id).order("name").throwOnError();
    return data;
  }, [client, workspace.id]);
  const agent = agents?.find(({ id }) => id === chosen) ?? agents?.[0];
  return (
    <main className="page">
      <h1>Who may use which agent</h1>
      <Notice error={error} />
      <label>
        Agent{" "}
        <select value={agent?.id} onChange={(event) => choose(event.target.value)}>
          {agents?.map(({ id, name, status }) => (
            <option key={id} value={id}>{name} ({status})</option>
          ))}
        </select>
      </label>
      {agent && <AccessOf key={agent.id} agent={agent.id} />}
    </main>
  );
}

function AccessOf({ agent }: { agent: string }) {
  const backend = useBackend();
  const { client, workspace, nameOf } = backend;
  const { error, isBusy, run } = useAction();
  const { value, error: unread, reload } = useLoaded(async () => {
    const { data } = await client.from("members").select("user_id, role")
      .eq("workspace_id", workspace.id).order("created_at").limit(50).throwOnError();
    return await Promise.all(data.map(async (member) => {
      const { data: [explained] } = await client.rpc("explain_access", {
        agent_id: agent,
        user_id: member.user_id,
      }).throwOnError();
      return { ...member, explained: explained! };
    }));
  }, [client, workspace.id, agent]);
  const change = (user: string, can_use: boolean) =>
    run(async () => {
      const reason = can_use ? "Granted on the access screen" : "Revoked on the access screen";
      await callFunction(backend, "PUT", `agents/${agent}/access/${user}`, { can_use, reason });
      await reload();
    });
  return (
    <>
      <Notice error={unread ?? error} />
      <div className="scroll" tabIndex={0} role="region" aria-label="Access">
        <table>
          <thead>
            <tr>
              <th scope="col">Person</th>
              <th scope="col">May use it</th>
              <th scope="col">Because</th>
              <th scope="col">The row that decides</th>
              <th scope="col">Change</th>
            </tr>
          </thead>
          <tbody>
            {value?.map(({ user_id, role, explained }) => (
              <tr key={user_id}>
                <th scope="row">{nameOf(user_id)} ({role})</th>
                <td>{explained.allowed ? "yes" : "no"}</td>
                <td>{explained.reason}</td>
                <td>{rowOf(explained)}</td>
                <td>
                  {explained.reason === "administers_workspace" ? "by role" : (
                    <button
                      type="button"
                      disabled={isBusy}
                      onClick={() => change(user_id, !explained.allowed)}
                    >
                      {explained.allowed ? "Revoke" : "Grant"}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
