/** A call of a tool, as the AI SDK keeps it in a message. */
export interface ToolCallPart {
  type: string;
  toolCallId: string;
  state: string;
  input?: unknown;
  output?: unknown;
  errorText?: string;
  approval?: { id: string; approved?: boolean };
}

const states: Record<string, string> = {
  "approval-requested": "asks for your approval",
  "approval-responded": "was answered",
  "output-available": "is done",
  "output-denied": "was refused",
  "output-error": "failed",
};

/** What an agent wants to do, or did; a person approves it or refuses. */
export function ToolCall({ part, onApproval }: {
  part: ToolCallPart;
  onApproval?(id: string, approved: boolean): void;
}) {
  const name = part.type.slice("tool-".length).replaceAll("_", " ");
  const { approval } = part;
  return (
    <div role="group" className="card call" aria-label={`The agent wants to ${name}`}>
      <p>
        <strong>{name}</strong> {states[part.state] ?? "is being prepared"}
      </p>
      <dl>
        {Object.entries((part.input ?? {}) as Record<string, unknown>).map((
          [key, value],
        ) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
      {part.errorText && <p className="notice">{part.errorText}</p>}
      {part.state === "approval-requested" && approval && onApproval && (
        <div className="actions">
          <button
            type="button"
            className="primary"
            onClick={() => onApproval(approval.id, true)}
          >
            Approve
          </button>
          <button
            type="button"
            onClick={() => onApproval(approval.id, false)}
          >
            Refuse
          </button>
        </div>
      )}
    </div>
  );
}
