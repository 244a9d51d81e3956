import { useState } from "react";
import type { Row } from "groundwork-client";
import { useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";

/** What is remembered of the person: corrected and forgotten by them alone. */
export function MemoryScreen() {
  const { client, workspace, me } = useBackend();
  const [fact, setFact] = useState("");
  const { error, isBusy, run } = useAction();
  const memories = useLoaded(async () => {
    const { data } = await client.from("memories").select().eq("workspace_id", workspace.id)
      .eq("user_id", me.id).is("valid_to", null).order("created_at").throwOnError();
    return data;
  }, [client, workspace.id, me.id]);
  return (
    <main className="page">
      <h1>What is remembered of you</h1>
      <Notice error={memories.error ?? error} />
      {memories.value?.length === 0 && <p>Nothing.</p>}
      <ul className="plain" aria-label="Memories">
        {memories.value?.map((one) => (
          <Memory key={one.id} memory={one} onChanged={memories.reload} />
        ))}
      </ul>
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          run(async () => {
            await client.rpc("remember", { workspace_id: workspace.id, content: fact })
              .throwOnError();
            setFact("");
            await memories.reload();
          });
        }}
      >
        <label>
          Something to remember
          <input
            required
            maxLength={4000}
            value={fact}
            onChange={(event) =>
              setFact(event.target.value)}
          />
        </label>
        <div className="actions">
          <button type="submit" className="primary" disabled={isBusy}>Remember</button>
        </div>
      </form>
    </main>
  );
}

function Memory({ memory, onChanged }: { memory: Row<"memories">; onChanged(): Promise<void> }) {
  const { client } = useBackend();
  const [draft, setDraft] = useState<string | null>(null);
  const { error, isBusy, run } = useAction();
  /** A correction ends the memory that it contradicts; what was said before stays as history. */
  const correct = (content: string) =>
    run(async () => {
      await client.rpc("remember", {
        workspace_id: memory.workspace_id,
        content,
        kind: memory.kind,
        category: memory.category,
        confidence: 1,
        supersedes: memory.id,
      }).throwOnError();
      setDraft(null);
      await onChanged();
    });
  const forget = () =>
    run(async () => {
      await client.rpc("forget", { memory_id: memory.id }).throwOnError();
      await onChanged();
    });
  return (
    <li className="card">
      {draft === null ? <p>{memory.content}</p> : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            correct(draft);
          }}
        >
          <label>
            What is right
            <input required value={draft} onChange={(event) => setDraft(event.target.value)} />
          </label>
          <div className="actions">
            <button type="submit" className="primary" disabled={isBusy}>Save</button>
            <button type="button" onClick={() => setDraft(null)}>Cancel</button>
          </div>
        </form>
      )}
      <p className="note">
        {memory.category}, {Math.round(memory.confidence * 100)} % sure, since{" "}
        {new Date(memory.valid_from).toLocaleDateString()}
      </p>
      <Notice error={error} />
      {draft === null && (
        <div className="actions">
          <button type="button" disabled={isBusy} onClick={() => setDraft(memory.content)}>
            Correct
          </button>
          <button type="button" disabled={isBusy} onClick={forget}>Forget</button>
        </div>
      )}
    </li>
  );
}
