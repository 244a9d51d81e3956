import { useState } from "react";
import type { Row } from "groundwork-client";
import { useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";

/** What was made in a talk, in its newest version. */
export function Artifacts({ conversation, changes, isMine }: {
  conversation: string;
  changes: unknown;
  isMine: boolean;
}) {
  const { client } = useBackend();
  const { value, error, reload } = useLoaded(async () => {
    const { data } = await client.from("latest_artifacts").select()
      .eq("conversation_id", conversation).order("created_at").throwOnError();
    return data;
  }, [client, conversation, changes]);
  if (!error && !value?.length) return null;
  return (
    <section aria-label="Artifacts">
      <h2>Artifacts</h2>
      <Notice error={error} />
      {value?.map((one) => (
        <Artifact
          key={`${one.id} ${one.created_at}`}
          artifact={one}
          {...{ isMine, reload }}
        />
      ))}
    </section>
  );
}

function Artifact({ artifact, isMine, reload }: {
  artifact: Row<"latest_artifacts">;
  isMine: boolean;
  reload(): Promise<void>;
}) {
  const { client } = useBackend();
  const [content, setContent] = useState(artifact.content);
  const { error, isBusy, run } = useAction();
  /** A version is made from the one that was read; the slower of two is told. */
  const save = () =>
    run(async () => {
      await client.rpc("revise_artifact", {
        artifact_id: artifact.id,
        version: artifact.created_at,
        content,
      }).throwOnError();
      await reload();
    });
  return (
    <article className="card">
      <h3>{artifact.title}</h3>
      <label>
        <span className="unseen">Text of {artifact.title}</span>
        <textarea
          rows={8}
          readOnly={!isMine}
          value={content}
          onChange={(event) => setContent(event.target.value)}
        />
      </label>
      <Notice error={error} />
      {isMine && (
        <button
          type="button"
          disabled={isBusy || content === artifact.content}
          onClick={save}
        >
          Save a version
        </button>
      )}
    </article>
  );
}
