import type { UIMessage } from "ai";
import { useState } from "react";
import { AttachedFile } from "./attached-file.tsx";
import { ToolCall, type ToolCallPart } from "./tool-call.tsx";
import type { Siblings } from "./use-branches.ts";

interface Props {
  message: UIMessage;
  who: string;
  siblings: Siblings | null;
  onSelect(sibling: string): void;
  onEdit?(text: string): void;
  onAgain?(): void;
  onApproval?(id: string, approved: boolean): void;
  onPrompt?(): void;
}

const textOf = (message: UIMessage) =>
  message.parts.map((part) => part.type === "text" ? part.text : "").join("");

/** One message: its parts, and what may be done with it. */
export function Message(
  { message, who, siblings, onSelect, onEdit, onAgain, ...more }: Props,
) {
  const [draft, setDraft] = useState<string | null>(null);
  const isUser = message.role === "user";
  const isStopped = (message.metadata as { stopped?: boolean } | undefined)?.stopped === true;
  return (
    <article className={`said ${message.role}`} aria-label={who}>
      <h2>{who}</h2>
      {draft === null
        ? message.parts.map((part, place) => {
          if (part.type === "text") return <p key={place} dir="auto">{part.text}</p>;
          if (part.type === "file") {
            return <AttachedFile key={place} file={part} />;
          }
          if (part.type.startsWith("tool-")) {
            return (
              <ToolCall
                key={place}
                part={part as ToolCallPart}
                {...more.onApproval ? { onApproval: more.onApproval } : {}}
              />
            );
          }
          return null;
        })
        : (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              setDraft(null);
              onEdit?.(draft);
            }}
          >
            <label>
              Edit the message
              <textarea
                dir="auto"
                rows={3}
                value={draft}
                onChange={(event) => setDraft(event.target.value)}
              />
            </label>
            <button type="submit" className="primary">Say this instead</button>
            <button type="button" onClick={() => setDraft(null)}>Cancel</button>
          </form>
        )}
      {isStopped && <p className="note">Stopped.</p>}
      <div className="actions">
        {siblings && (
          <span className="branch">
            <button
              type="button"
              aria-label="Branch before"
              disabled={siblings.place === 0}
              onClick={() => onSelect(siblings.ids[siblings.place - 1]!)}
            >
              ‹
            </button>
            {siblings.place + 1} of {siblings.ids.length}
            <button
              type="button"
              aria-label="Branch after"
              disabled={siblings.place === siblings.ids.length - 1}
              onClick={() => onSelect(siblings.ids[siblings.place + 1]!)}
            >
              ›
            </button>
          </span>
        )}
        {isUser && onEdit && draft === null && (
          <button
            type="button"
            onClick={() => setDraft(textOf(message))}
          >
            Edit
          </button>
        )}
        {!isUser && onAgain && <button type="button" onClick={onAgain}>Another answer</button>}
        {more.onPrompt && (
          <button type="button" onClick={more.onPrompt}>
            What the model saw
          </button>
        )}
      </div>
    </article>
  );
}
