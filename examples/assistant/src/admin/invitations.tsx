import { useState } from "react";
import { useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";

/** Who is invited; the token is told once, to whoever invites. */
export function Invitations() {
  const { client, workspace } = useBackend();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState("member");
  const [token, setToken] = useState<string | null>(null);
  const { error, isBusy, run } = useAction();
  const { value, error: unread, reload } = useLoaded(async () => {
    const { data } = await client.from("invitations").select("id, email, role, expires_at")
      .eq("workspace_id", workspace.id).eq("status", "pending").order("created_at").throwOnError();
    return data;
  }, [client, workspace.id]);
  const invite = () =>
    run(async () => {
      const { data } = await client.rpc("invite_member", {
        workspace_id: workspace.id,
        email,
        role,
      }).throwOnError();
      setToken(data[0]?.token ?? null);
      setEmail("");
      await reload();
    });
  const revoke = (invitation_id: string) =>
    run(async () => {
      await client.rpc("revoke_invitation", { invitation_id }).throwOnError();
      await reload();
    });
  return (
    <>
      <h2>Invitations</h2>
      <Notice error={unread ?? error} />
      <ul className="plain" aria-label="Invitations">
        {value?.map((one) => (
          <li key={one.id} className="card">
            {one.email} as {one.role}, until {new Date(one.expires_at).toLocaleDateString()}{" "}
            <button type="button" disabled={isBusy} onClick={() => revoke(one.id)}>
              Revoke the invitation of {one.email}
            </button>
          </li>
        ))}
      </ul>
      {token && (
        <p className="card" role="status">
          Send them this token; it is shown once: <code>{token}</code>
        </p>
      )}
      <form
        className="card fields"
        onSubmit={(event) => {
          event.preventDefault();
          invite();
        }}
      >
        <label>
          Email to invite
          <input
            type="email"
            required
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        </label>
        <label>
          As{" "}
          <select value={role} onChange={(event) => setRole(event.target.value)}>
            {["admin", "member", "guest"].map((one) => <option key={one}>{one}</option>)}
          </select>
        </label>
        <button type="submit" className="primary" disabled={isBusy}>Invite</button>
      </form>
    </>
  );
}
