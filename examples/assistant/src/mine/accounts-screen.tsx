import { useEffect } from "react";
import { callFunction, useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";
import { Consents } from "./consents.tsx";
import { returnAddress, useReturn } from "./use-return.ts";

/** Accounts elsewhere that the person has connected, and what agents may do for them. */
export function AccountsScreen() {
  const backend = useBackend();
  const { client, workspace, me } = backend;
  const { error, isBusy, run } = useAction();
  const { value, error: unread, reload } = useLoaded(async () => {
    const [providers, connections] = await Promise.all([
      client.from("connection_providers").select("name, display_name, scopes")
        .eq("is_enabled", true).order("name").throwOnError(),
      client.from("service_connections").select("id, provider, status, account, scopes")
        .eq("workspace_id", workspace.id).eq("user_id", me.id).order("created_at").throwOnError(),
    ]);
    return { providers: providers.data, connections: connections.data };
  }, [client, workspace.id, me.id]);
  // An account that is connected only now is in the list as soon as it is.
  const { isConnected, error: refusal } = useReturn();
  useEffect(() => {
    if (isConnected) reload();
  }, [isConnected]);

  const connect = (provider: string) =>
    run(async () => {
      const { url } = await callFunction<{ url: string }>(
        backend,
        "GET",
        `connections/${provider}/authorize?workspace=${workspace.id}` +
          `&return_to=${encodeURIComponent(returnAddress())}`,
      );
      location.assign(url);
    });
  const remove = (id: string) =>
    run(async () => {
      await callFunction(backend, "DELETE", `connections/${id}`);
      await reload();
    });
  return (
    <main className="page">
      <h1>Accounts</h1>
      <Notice error={unread ?? error ?? refusal} />
      {isConnected && <p className="card" role="status">The account is connected.</p>}
      <h2>Connected</h2>
      <ul className="plain" aria-label="Connected accounts">
        {value?.connections.map((one) => (
          <li key={one.id} className="card">
            <p>
              <strong>{one.provider}</strong> {one.account} ({one.status})
            </p>
            <p className="note">May: {one.scopes.join(", ")}</p>
            <button type="button" disabled={isBusy} onClick={() => remove(one.id)}>
              Give up {one.provider}
            </button>
          </li>
        ))}
      </ul>
      {value?.connections.length === 0 && <p>None.</p>}
      <h2>Connect an account</h2>
      <div className="actions">
        {value?.providers.map((one) => (
          <button
            key={one.name}
            type="button"
            disabled={isBusy}
            onClick={() => connect(one.name)}
          >
            Connect {one.display_name}
          </button>
        ))}
      </div>
      <Consents />
    </main>
  );
}
