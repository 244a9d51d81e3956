import { useEffect, useState } from "react";
import { type Agent, useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";

const none: string[] = [];

/** What the person allows each agent to do for them: a row for an agent, gone where nothing is allowed. */
export function Consents() {
  const { client, agents, me } = useBackend();
  const { value, error, reload } = useLoaded(async () => {
    const [scopes, consents] = await Promise.all([
      client.rpc("scopes").throwOnError(),
      client.from("agent_consents").select("agent_id, scopes").eq("user_id", me.id).throwOnError(),
    ]);
    return {
      scopes: scopes.data.filter(({ actors }) => actors.includes("delegate")),
      consents: consents.data,
    };
  }, [client, me.id]);
  return (
    <>
      <h2>What agents may do for you</h2>
      <Notice error={error} />
      {value && agents.map((agent) => (
        <AgentConsent
          key={agent.id}
          agent={agent}
          scopes={value.scopes}
          allowed={value.consents.find((one) => one.agent_id === agent.id)?.scopes ?? none}
          onChanged={reload}
        />
      ))}
    </>
  );
}

function AgentConsent({ agent, scopes, allowed, onChanged }: {
  agent: Agent;
  scopes: { name: string; description: string }[];
  allowed: string[];
  onChanged(): Promise<void>;
}) {
  const { client, me } = useBackend();
  const { error, isBusy, run } = useAction();
  // What was just clicked is shown at once, and what is stored as soon as it is known.
  const [shown, show] = useState(allowed);
  useEffect(() => show(allowed), [allowed]);
  const change = (name: string, isAllowed: boolean) =>
    run(async () => {
      const next = isAllowed ? [...allowed, name] : allowed.filter((one) => one !== name);
      show(next);
      const about = { agent_id: agent.id, user_id: me.id };
      if (next.length === 0) {
        await client.from("agent_consents").delete().match(about).throwOnError();
      } else {
        await client.from("agent_consents").upsert(
          { ...about, workspace_id: agent.workspace_id, scopes: next },
          { onConflict: "agent_id,user_id" },
        ).throwOnError();
      }
      await onChanged();
    });
  return (
    <fieldset className="card">
      <legend>{agent.name}</legend>
      <Notice error={error} />
      {scopes.map(({ name, description }) => (
        <label key={name}>
          <input
            type="checkbox"
            disabled={isBusy}
            checked={shown.includes(name)}
            onChange={(event) => change(name, event.target.checked)}
          />{" "}
          {description}
        </label>
      ))}
    </fieldset>
  );
}
