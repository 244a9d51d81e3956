import { useState } from "react";
import { usePresence } from "groundwork-client/react";
import { type Agent, useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { go, useHash } from "../use-hash.ts";
import { useLoaded } from "../use-loaded.ts";
import { Talk } from "./talk.tsx";
import { WhoIsHere } from "./who-is-here.tsx";

/** The agents that one may use, the talks that one may read, and the talk that is open. */
export function TalkScreen() {
  const backend = useBackend();
  const { client, workspace, agents, me, nameOf } = backend;
  const [, named = ""] = useHash();
  const open = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(named) ? named : null;
  const [isListShown, showList] = useState(false);
  const { error, isBusy, run } = useAction();
  const presence = usePresence(client, workspace.id, {
    conversations: open ? [open] : [],
  });
  const talks = useLoaded(async () => {
    const { data } = await client.from("conversations").select(
      "id, title, user_id, agent_id",
    )
      .eq("workspace_id", workspace.id).is("deleted_at", null)
      .order("last_message_at", { ascending: false }).limit(50).throwOnError();
    return data;
  }, [client, workspace.id, open]);

  const begin = (agent: Agent) =>
    run(async () => {
      const { data } = await client.from("conversations")
        .insert({ workspace_id: workspace.id, agent_id: agent.id }).select("id")
        .single()
        .throwOnError();
      showList(false);
      go(`talk/${data.id}`);
    });

  return (
    <div className="talks">
      <button
        type="button"
        className="list-switch"
        aria-expanded={isListShown}
        onClick={() => showList(!isListShown)}
      >
        Agents and talks
      </button>
      <aside
        aria-label="Agents and talks"
        className={isListShown || !open ? "shown" : ""}
      >
        <h2>Agents</h2>
        <ul className="plain" aria-label="Agents that you may use">
          {agents.map((agent) => (
            <li key={agent.id}>
              <button
                type="button"
                className="row"
                disabled={isBusy}
                onClick={() => begin(agent)}
              >
                <span>{agent.name}</span>
                <small>{agent.description}</small>
              </button>
            </li>
          ))}
        </ul>
        {agents.length === 0 && <p>You may use no agent now.</p>}
        <Notice error={error ?? talks.error} />
        <h2>Talks</h2>
        <ul className="plain" aria-label="Talks">
          {talks.value?.map((talk) => (
            <li key={talk.id}>
              <a
                className="row"
                href={`#/talk/${talk.id}`}
                aria-current={talk.id === open ? "page" : undefined}
                onClick={() => showList(false)}
              >
                <span>{talk.title || "New talk"}</span>
                {talk.user_id !== me.id && <small>of {nameOf(talk.user_id)}</small>}
              </a>
            </li>
          ))}
        </ul>
        <WhoIsHere presence={presence} />
      </aside>
      {open
        ? (
          <Talk
            key={open}
            id={open}
            presence={presence}
            onChanged={talks.reload}
          />
        )
        : (
          <main className="page">
            <h1>Talks</h1>
            <p>Choose an agent to begin a talk.</p>
          </main>
        )}
    </div>
  );
}
