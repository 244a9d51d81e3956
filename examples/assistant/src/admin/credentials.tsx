import { useState } from "react";
import { callFunction, useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";

/** What an agent proves itself by: made, shown once, ended. */
export function Credentials({ agent }: { agent: string }) {
  const backend = useBackend();
  const { client } = backend;
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const [secret, setSecret] = useState<string | null>(null);
  const { error, isBusy, run } = useAction();
  const { value, error: unread, reload } = useLoaded(async () => {
    const [credentials, scopes] = await Promise.all([
      client.from("agent_credentials").select("id, name, scopes, expires_at, last_used_at")
        .eq("agent_id", agent).order("created_at").throwOnError(),
      client.rpc("scopes").throwOnError(),
    ]);
    return {
      credentials: credentials.data,
      scopes: scopes.data.map((one) => one.name).filter((one) => !one.includes("<")),
    };
  }, [client, agent]);
  const path = `agents/${agent}/credentials`;
  const add = () =>
    run(async () => {
      const made = await callFunction<{ secret: string }>(backend, "POST", path, {
        name,
        scopes: chosen,
      });
      setSecret(made.secret);
      setName("");
      setChosen([]);
      await reload();
    });
  const end = (id: string) =>
    run(async () => {
      await callFunction(backend, "DELETE", `${path}/${id}`);
      await reload();
    });
  return (
    <>
      <h2>Credentials</h2>
      <Notice error={unread ?? error} />
      {value?.credentials.length === 0 && <p>None: it cannot act by itself.</p>}
      <ul className="plain" aria-label="Credentials">
        {value?.credentials.map((one) => (
          <li key={one.id} className="card">
            <strong>{one.name}</strong>: {one.scopes.join(", ")}; until{" "}
            {new Date(one.expires_at).toLocaleDateString()}; {one.last_used_at
              ? `last used ${new Date(one.last_used_at).toLocaleString()}`
              : "never used"}{" "}
            <button type="button" disabled={isBusy} onClick={() => end(one.id)}>
              End {one.name}
            </button>
          </li>
        ))}
      </ul>
      {secret && (
        <p className="card" role="status">
          Give the agent this secret; it is shown once: <code>{secret}</code>
        </p>
      )}
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <label>
          Name of a new credential
          <input required value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <fieldset>
          <legend>Scopes</legend>
          {value?.scopes.map((scope) => (
            <label key={scope}>
              <input
                type="checkbox"
                checked={chosen.includes(scope)}
                onChange={(event) =>
                  setChosen((before) =>
                    event.target.checked
                      ? [...before, scope]
                      : before.filter((one) => one !== scope)
                  )}
              />{" "}
              {scope}
            </label>
          ))}
        </fieldset>
        <div className="actions">
          <button type="submit" className="primary" disabled={isBusy || chosen.length === 0}>
            Make a credential
          </button>
        </div>
      </form>
    </>
  );
}
