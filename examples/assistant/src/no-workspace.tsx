import type { GroundworkClient } from "groundwork-client";
import { textOfMessage } from "groundwork-client/streams";
import type { StoredUIMessage } from "groundwork-client/ui-messages";
import { Joining } from "./joining.tsx";
import { Notice } from "./notice.tsx";
import { useHash } from "./use-hash.ts";
import { useLoaded } from "./use-loaded.ts";

/**
 * What somebody sees who belongs to no workspace, such as a guest: a talk that is public, by its link; and how to join.
 */
export function NoWorkspace({ client, hasAccount, onJoined }: {
  client: GroundworkClient;
  hasAccount: boolean;
  onJoined(): void;
}) {
  const [screen, talk] = useHash();
  const shared = screen === "talk" ? talk : undefined;
  return (
    <main className="page">
      <h1>{hasAccount ? "You belong to no workspace" : "You are a guest"}</h1>
      <p>You may use no agent. You read talks that are public, by their links.</p>
      {hasAccount && <Joining client={client} onJoined={onJoined} />}
      {shared && <PublicTalk key={shared} client={client} id={shared} />}
    </main>
  );
}

/** What `shared_conversation` answers. */
interface Shared {
  title: string;
  by: string | null;
  /** Newest first. */
  messages: StoredUIMessage[];
}

function PublicTalk({ client, id }: { client: GroundworkClient; id: string }) {
  const { value, error } = useLoaded(async () => {
    const { data } = await client.rpc("shared_conversation", { conversation_id: id })
      .throwOnError();
    return data as unknown as Shared;
  }, [client, id]);
  return (
    <article className="card">
      <Notice error={error} />
      {value && (
        <>
          <h2>{value.title || "A talk"}</h2>
          <p className="note">by {value.by ?? "somebody"}</p>
          {value.messages.toReversed().map((one) => (
            <p key={one.id} className={`said ${one.role}`}>{textOfMessage(one)}</p>
          ))}
        </>
      )}
    </article>
  );
}
