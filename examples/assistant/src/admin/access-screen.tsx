import type { Returns } from "groundwork-client";
import { callFunction, useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";
import { AgentChoice } from "./agent-choice.tsx";
import { Table } from "./table.tsx";

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
  return (
    <AgentChoice title="Who may use which agent">
      {({ id }) => <AccessOf agent={id} />}
    </AgentChoice>
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
      <Table
        label="Access"
        columns={["Person", "May use it", "Because", "The row that decides", "Change"]}
      >
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
      </Table>
    </>
  );
}
