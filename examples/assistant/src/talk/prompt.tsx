import { useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useLoaded } from "../use-loaded.ts";

/** A prompt, as `prompt_of` answers it. */
interface PromptOf {
  record_id: number;
  messages: {
    role: string;
    content?: string;
    parts?: { type: string; text?: string }[];
  }[];
  token_count: number;
  budget: number;
  left_out: { what: string; reason: string; id?: string; from?: string }[];
}

const reasons: Record<string, string> = {
  budget: "the budget was used up",
  older_than_fifty: "it is older than the newest fifty",
  more_than_a_hundred: "more than a hundred are known",
};

const textOf = ({ content, parts = [] }: PromptOf["messages"][number]) =>
  content ??
    parts.filter(({ type }) => type !== "step-start").map(({ type, text }) => text ?? `(${type})`)
      .join("\n");

/** What the model saw when it gave an answer: what entered the prompt, and what did not, and why. */
export function Prompt(
  { message, onClose }: { message: string; onClose(): void },
) {
  const { client } = useBackend();
  const { value, error } = useLoaded(async () => {
    const { data } = await client.rpc("prompt_of", { message_id: message })
      .throwOnError();
    return { prompt: data as unknown as PromptOf | null };
  }, [client, message]);
  const prompt = value?.prompt;
  return (
    <section aria-label="What the model saw">
      <h2>What the model saw</h2>
      <button type="button" onClick={onClose}>Close</button>
      <Notice error={error} />
      {value && !prompt && <p>No prompt was recorded for this answer.</p>}
      {prompt && (
        <div className="card">
          <p>
            {prompt.token_count} of {prompt.budget} tokens, record {prompt.record_id}
          </p>
          <ol className="prompt">
            {prompt.messages.map((one, place) => (
              <li key={place}>
                <strong>{one.role}</strong>
                <pre>{textOf(one)}</pre>
              </li>
            ))}
          </ol>
          <h3>Left out</h3>
          {prompt.left_out.length === 0 ? <p>Nothing.</p> : (
            <ul>
              {prompt.left_out.map((one, place) => (
                <li key={place}>
                  {one.what} {one.id ?? `from ${one.from}`}: {reasons[one.reason] ?? one.reason}
                </li>
              ))}
            </ul>
          )}
        </div>
      )}
    </section>
  );
}
