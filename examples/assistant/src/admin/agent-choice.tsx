import { type ReactNode, useState } from "react";
import type { Row } from "groundwork-client";
import { useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useLoaded } from "../use-loaded.ts";

/** An agent of the workspace, as an admin chooses it. */
export type ChosenAgent = Pick<
  Row<"agents">,
  "id" | "name" | "status" | "description"
>;

/** A screen about one agent of the workspace, of those that there are. */
export function AgentChoice({ title, children }: {
  title: string;
  children: (agent: ChosenAgent) => ReactNode;
}) {
  const { client, workspace } = useBackend();
  const [chosen, choose] = useState<string | null>(null);
  const { value: agents, error } = useLoaded(async () => {
    const { data } = await client.from("agents").select(
      "id, name, status, description",
    )
      .eq("workspace_id", workspace.id).order("name").throwOnError();
    return data;
  }, [client, workspace.id]);
  const agent = agents?.find(({ id }) => id === chosen) ?? agents?.[0];
  return (
    <main className="page">
      <h1>{title}</h1>
      <Notice error={error} />
      <label>
        Agent{" "}
        <select
          value={agent?.id}
          onChange={(event) => choose(event.target.value)}
        >
          {agents?.map(({ id, name, status }) => (
            <option key={id} value={id}>{name} ({status})</option>
          ))}
        </select>
      </label>
      {agent && <div key={agent.id}>{children(agent)}</div>}
    </main>
  );
}
