import { useChat } from "@ai-sdk/react";
import {
  DefaultChatTransport,
  lastAssistantMessageIsCompleteWithApprovalResponses,
  type UIMessage,
} from "ai";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Row } from "groundwork-client";
import type { Conversation, Presence } from "groundwork-client/react";
import { toUIMessages } from "groundwork-client/ui-messages";
import { callFunction, useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { Composer } from "./composer.tsx";
import { keepAnswers } from "./keep-answers.ts";
import { Message } from "./message.tsx";
import { useBranches } from "./use-branches.ts";

interface Props {
  talk: Pick<Row<"conversations">, "id" | "user_id" | "workspace_id">;
  conversation: Conversation;
  presence: Presence;
  mayTalk: boolean;
  /** Names the talk by the first that is said in it. */
  onFirst?: ((text: string) => Promise<void>) | undefined;
  onPrompt(message: string): void;
}

const asShown = (messages: Conversation["messages"]) =>
  toUIMessages(messages.toReversed()) as unknown as UIMessage[];

/** What was refused, in the backend's words. */
function refusal(error: Error | undefined): string | null {
  if (!error) return null;
  try {
    return JSON.parse(error.message).error.message;
  } catch {
    return error.message;
  }
}

/** What is said, by `useChat` of the AI SDK where one talks, and as it is stored where others do. */
export function Chat(
  { talk, conversation, presence, mayTalk, onFirst, onPrompt }: Props,
) {
  const backend = useBackend();
  const { config, me, nameOf } = backend;
  const isMine = talk.user_id === me.id;
  const { token } = backend;
  // Of the last question: why it has no answer (hearing again forgets it), and how its text is given back until the
  // backend has it.
  const [failure, setFailure] = useState<Error>();
  const isAsking = useRef(false);
  const giveBack = useRef<(() => void) | null>(null);
  const transport = useMemo(() =>
    new DefaultChatTransport({
      api: `${config.url}/functions/v1/streams/chat`,
      fetch: async (input, init) => {
        isAsking.current = init?.method === "POST";
        if (isAsking.current) setFailure(undefined);
        const response = await fetch(input, init);
        if (init?.method === "POST" && response.ok) giveBack.current = null;
        return response;
      },
      headers: async () => ({
        authorization: `Bearer ${await token()}`,
        apikey: config.key,
      }),
    }), [config, token]);
  const chat = useChat({
    id: talk.id,
    messages: asShown(conversation.messages),
    // An answer that was being said when the page was left is heard from its beginning.
    resume: isMine,
    transport,
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
    onFinish: () => void conversation.refresh(),
    onError: (error) => {
      if (!isAsking.current) return;
      setFailure(error);
      if (!giveBack.current) return;
      giveBack.current();
      giveBack.current = null;
      chat.setMessages((shown) => shown.at(-1)?.role === "user" ? shown.slice(0, -1) : shown);
    },
  });
  const isAnswering = chat.status === "submitted" ||
    chat.status === "streaming";

  // What is stored is the truth: of other windows, other people, and of one's own answers once they are over.
  const status = useRef(chat.status);
  status.current = chat.status;
  const resumed = useRef<string | null>(null);
  useEffect(() => {
    if (status.current === "submitted" || status.current === "streaming") {
      return;
    }
    chat.setMessages((shown) => keepAnswers(asShown(conversation.messages), shown));
    const last = conversation.messages.at(-1);
    if (!isMine || last?.role !== "user" || resumed.current === last.id) return;
    // Asked in another window: the answer is heard here, too.
    resumed.current = last.id;
    void chat.resumeStream();
  }, [conversation.messages]);

  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    end.current?.scrollIntoView({ block: "end" });
  }, [chat.messages]);
  const branches = useBranches(talk.id, conversation.messages);
  const rows = new Map(
    conversation.messages.map((one) => [one.client_id ?? one.id, one]),
  );
  const typing = presence.typing.filter((one) =>
    one.conversation_id === talk.id && one.user_id !== me.id
  );

  return (
    <>
      <div className="said-list" role="log" aria-label="Messages" tabIndex={0}>
        {conversation.hasOlder && (
          <button
            type="button"
            onClick={() => conversation.loadOlder()}
          >
            Older messages
          </button>
        )}
        {chat.messages.map((message) => {
          const row = rows.get(message.id);
          return (
            <Message
              key={message.id}
              message={message}
              who={message.role === "user" ? nameOf(talk.user_id) : "Assistant"}
              siblings={row ? branches.siblingsOf(row.id) : null}
              onSelect={(sibling) => conversation.select(sibling)}
              {...mayTalk && !isAnswering
                ? {
                  onEdit: (text: string) => chat.sendMessage({ text, messageId: message.id }),
                  onAgain: () => chat.regenerate({ messageId: message.id }),
                  onApproval: (id: string, approved: boolean) =>
                    chat.addToolApprovalResponse({ id, approved }),
                }
                : {}}
              {...isMine && row?.role === "assistant" ? { onPrompt: () => onPrompt(row.id) } : {}}
            />
          );
        })}
        <div ref={end} />
      </div>
      <p className="status" role="status">
        {isAnswering
          ? "Answering …"
          : typing.length > 0
          ? `${typing.map(({ user_id }) => nameOf(user_id)).join(", ")} is typing …`
          : ""}
      </p>
      <Notice error={refusal(failure ?? chat.error)} />
      {mayTalk
        ? (
          <Composer
            folder={`${talk.workspace_id}/${me.id}/${talk.id}`}
            isAnswering={isAnswering}
            onStop={() => callFunction(backend, "POST", `streams/chat/${talk.id}/stop`)}
            onPress={() => presence.press(talk.id)}
            onSend={async (text, files, onUnsent) => {
              presence.stopTyping(talk.id);
              giveBack.current = onUnsent;
              void chat.sendMessage({ text, files });
              await onFirst?.(text.slice(0, 80));
            }}
          />
        )
        : (
          <p className="card">
            {isMine ? "You may not use this agent now." : "You read this talk; it is not yours."}
          </p>
        )}
    </>
  );
}
