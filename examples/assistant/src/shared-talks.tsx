import type { GroundworkClient } from "groundwork-client";
import { textOfMessage } from "groundwork-client/streams";
import { type StoredUIMessage, toUIMessages } from "groundwork-client/ui-messages";
import { Notice } from "./notice.tsx";
import { useLoaded } from "./use-loaded.ts";

/** What somebody reads who belongs to no workspace, such as a guest: talks that their people made public. */
export function SharedTalks({ client }: { client: GroundworkClient }) {
  const { value, error } = useLoaded(async () => {
    const { data } = await client.from("conversations").select(
      "id, title, active_message_id",
    )
      .eq("visibility", "public").order("last_message_at", { ascending: false })
      .limit(20)
      .throwOnError();
    return await Promise.all(
      data.map(async ({ id, title, active_message_id }) => ({
        id,
        title,
        messages: active_message_id
          ? toUIMessages(
            (await client.rpc("conversation_path", {
              message_id: active_message_id,
            })).data ?? [],
          )
          : [],
      })),
    );
  }, [client]);
  return (
    <main className="page">
      <h1>You are a guest</h1>
      <p>
        You belong to no workspace, and so may use no agent. You read what people have made public.
      </p>
      <Notice error={error} />
      {value?.length === 0 && <p>Nothing is public now.</p>}
      {value?.map(({ id, title, messages }) => (
        <article key={id} className="card">
          <h2>{title || "Untitled"}</h2>
          {messages.map((one: StoredUIMessage) => (
            <p key={one.id} className={`said ${one.role}`}>
              {textOfMessage(one)}
            </p>
          ))}
        </article>
      ))}
    </main>
  );
}
