import { useState } from "react";
import type { GroundworkClient } from "groundwork-client";
import { Notice } from "./notice.tsx";
import { useAction } from "./use-action.ts";

/** Joins a workspace by the token of an invitation to the person's own address. */
export function Joining({ client, onJoined }: { client: GroundworkClient; onJoined(): void }) {
  const [token, setToken] = useState("");
  const { error, isBusy, run } = useAction();
  return (
    <form
      className="card"
      onSubmit={(event) => {
        event.preventDefault();
        run(async () => {
          await client.rpc("accept_invitation", { token: token.trim() }).throwOnError();
          onJoined();
        });
      }}
    >
      <label>
        Token of an invitation
        <input required value={token} onChange={(event) => setToken(event.target.value)} />
      </label>
      <Notice error={error} />
      <div className="actions">
        <button type="submit" className="primary" disabled={isBusy}>Join</button>
      </div>
    </form>
  );
}
