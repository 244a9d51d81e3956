import { useState } from "react";
import { useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";

/** The queues whose work the workspace shares, and its admins see. */
const queues = [
  "code_task_queue",
  "content_queue",
  "build_content_queue",
  "dial_queue",
  "embedding_jobs",
] as const;
type Queue = (typeof queues)[number];

/** How many rows a screen shows. */
const most = 50;

/** What is to be done, what failed for good, and how it is brought back. */
export function WorkScreen() {
  const [queue, choose] = useState<Queue>(queues[0]);
  return (
    <main className="page">
      <h1>Work</h1>
      <label>
        Queue{" "}
        <select value={queue} onChange={(event) => choose(event.target.value as Queue)}>
          {queues.map((one) => <option key={one}>{one}</option>)}
        </select>
      </label>
      <WorkOf key={queue} queue={queue} />
    </main>
  );
}

function WorkOf({ queue }: { queue: Queue }) {
  const { client, workspace } = useBackend();
  const [told, tell] = useState<string | null>(null);
  const { error, isBusy, run } = useAction();
  const { value, error: unread, reload } = useLoaded(async () => {
    const rows = () =>
      client.from(queue).select("id, status, attempts, max_attempts, scheduled_for, last_error")
        .eq("workspace_id", workspace.id);
    const [open, dead] = await Promise.all([
      rows().in("status", ["pending", "in_progress"]).order("scheduled_for").limit(most)
        .throwOnError(),
      rows().eq("status", "failed").order("id", { ascending: false }).limit(most).throwOnError(),
    ]);
    return { open: open.data, dead: dead.data };
  }, [client, workspace.id, queue]);
  const redrive = (ids?: number[]) =>
    run(async () => {
      const { data } = await client.rpc("redrive_workspace_work", {
        workspace_id: workspace.id,
        queue,
        ...(ids ? { ids } : {}),
      }).throwOnError();
      tell(`${data} brought back.`);
      await reload();
    });
  return (
    <>
      <Notice error={unread ?? error} />
      <h2>Dead letters</h2>
      {told && <p role="status">{told}</p>}
      {value?.dead.length === 0 && <p>Nothing has failed for good.</p>}
      <ul className="plain" aria-label="Dead letters">
        {value?.dead.map((one) => (
          <li key={one.id} className="card">
            {one.id}: {one.last_error ?? "no cause is known"}, after {one.attempts} of{" "}
            {one.max_attempts} attempts{" "}
            <button type="button" disabled={isBusy} onClick={() => redrive([one.id])}>
              Bring {one.id} back
            </button>
          </li>
        ))}
      </ul>
      {(value?.dead.length ?? 0) > 1 && (
        <button
          type="button"
          disabled={isBusy}
          onClick={() => redrive()}
        >
          Bring all back
        </button>
      )}
      <h2>To do</h2>
      {value?.open.length === 0 && <p>Nothing.</p>}
      <ul className="plain" aria-label="To do">
        {value?.open.map((one) => (
          <li key={one.id} className="card">
            {one.id}: {one.status.replace("_", " ")}, due{" "}
            {new Date(one.scheduled_for).toLocaleString()}
            {one.last_error && ` (${one.last_error})`}
          </li>
        ))}
      </ul>
    </>
  );
}
