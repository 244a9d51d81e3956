import { useState } from "react";
import { type Presence, useConversation } from "groundwork-client/react";
import { useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { go } from "../use-hash.ts";
import { useLoaded } from "../use-loaded.ts";
import { Artifacts } from "./artifacts.tsx";
import { Chat } from "./chat.tsx";
import { Prompt } from "./prompt.tsx";

interface Props {
  id: string;
  presence: Presence;
  /** The talk's name has changed. */
  onChanged(): void;
}

/** One talk: what is said, and beside it what came of it and what the model saw. */
export function Talk({ id, presence, onChanged }: Props) {
  const { client, me, agents, nameOf } = useBackend();
  const conversation = useConversation(client, id);
  const [asked, showPrompt] = useState<string | null>(null);
  const { error, run } = useAction();
  const talk = useLoaded(async () => {
    const { data } = await client.from("conversations")
      .select("id, title, user_id, agent_id, visibility, workspace_id").eq(
        "id",
        id,
      ).maybeSingle()
      .throwOnError();
    return data;
  }, [client, id]);

  if (conversation.status === "gone") {
    return (
      <main className="page">
        This talk is gone, or it is not yours to read.
      </main>
    );
  }
  const known = talk.value;
  if (
    !known || conversation.status === "loading" ||
    conversation.status === "failed"
  ) {
    return (
      <main className="page" aria-busy={!conversation.error}>
        <Notice error={talk.error ?? conversation.error?.message ?? null} />
      </main>
    );
  }
  const isMine = known.user_id === me.id;
  const agent = agents.find((one) => one.id === known.agent_id);
  const mayTalk = isMine && (known.agent_id === null || agent !== undefined);
  const share = (visibility: string) =>
    run(async () => {
      await client.from("conversations").update({ visibility }).eq("id", id)
        .throwOnError();
      await talk.reload();
    });
  const remove = () =>
    run(async () => {
      await client.rpc("delete_conversation", { conversation_id: id })
        .throwOnError();
      go("");
    });
  const name = async (title: string) => {
    await client.from("conversations").update({ title }).eq("id", id)
      .throwOnError();
    await talk.reload();
    onChanged();
  };
  return (
    <>
      <main className="talk">
        <div className="talk-head">
          <h1>{known.title || agent?.name || "New talk"}</h1>
          {isMine
            ? (
              <>
                <label>
                  Read by{" "}
                  <select
                    data-kept={known.visibility}
                    value={known.visibility}
                    onChange={(event) => share(event.target.value)}
                  >
                    <option value="private">me</option>
                    <option value="workspace">the workspace</option>
                    <option value="public">whoever has the link</option>
                  </select>
                </label>
                <button type="button" onClick={remove}>Delete</button>
              </>
            )
            : <span>of {nameOf(known.user_id)}</span>}
        </div>
        <Notice error={error} />
        <Chat
          talk={known}
          conversation={conversation}
          presence={presence}
          mayTalk={mayTalk}
          onFirst={known.title ? undefined : name}
          onPrompt={showPrompt}
        />
      </main>
      <div className="beside">
        {asked !== null && (
          <Prompt
            message={asked}
            onClose={() => showPrompt(null)}
          />
        )}
        <Artifacts
          conversation={id}
          changes={conversation.messages}
          isMine={isMine}
        />
      </div>
    </>
  );
}
