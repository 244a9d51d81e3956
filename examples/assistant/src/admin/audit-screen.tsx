import { useState } from "react";
import { callFunction, useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";
import { useLoaded } from "../use-loaded.ts";
import { Table } from "./table.tsx";

/** What `GET /audit/:workspace/verify` answers. */
interface Verdict {
  is_valid: boolean;
  entries: number;
  seals: number;
  broken_at: number | null;
  reason: string | null;
  sealed_through: string | null;
}

const pageSize = 50;

/** What was done, by whom; and whether it is still what was written. */
export function AuditScreen() {
  const backend = useBackend();
  const { client, workspace, nameOf } = backend;
  const [before, setBefore] = useState<number | null>(null);
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const { error, isBusy, run } = useAction();
  const { value, error: unread } = useLoaded(async () => {
    const all = client.from("audit_log").select().eq("workspace_id", workspace.id)
      .order("id", { ascending: false }).limit(pageSize);
    const { data } = await (before === null ? all : all.lt("id", before)).throwOnError();
    return data;
  }, [client, workspace.id, before]);
  const verify = () =>
    run(async () => {
      setVerdict(await callFunction<Verdict>(backend, "GET", `audit/${workspace.id}/verify`));
    });
  return (
    <main className="page">
      <h1>Audit log</h1>
      <Notice error={unread ?? error} />
      <button type="button" className="primary" disabled={isBusy} onClick={verify}>Verify</button>
      {verdict && (
        <p className="card" role="status">
          {verdict.is_valid
            ? `Unchanged: ${verdict.entries} entries in ${verdict.seals} seals` +
              (verdict.sealed_through
                ? `, until ${new Date(verdict.sealed_through).toLocaleString()}.`
                : ".")
            : `Broken at ${verdict.broken_at}: ${verdict.reason}`}
        </p>
      )}
      <Table label="Entries" columns={["When", "Who", "What", "Of", "Detail"]}>
        {value?.map((one) => (
          <tr key={one.id}>
            <td>{new Date(one.occurred_at).toLocaleString()}</td>
            <td>{one.actor_id ? nameOf(one.actor_id) : "The system"}</td>
            <td>{one.action}</td>
            <td>{one.subject_type}</td>
            <td>
              <pre>{JSON.stringify(one.detail)}</pre>
            </td>
          </tr>
        ))}
      </Table>
      <div className="actions">
        <button type="button" disabled={before === null} onClick={() => setBefore(null)}>
          Newest
        </button>
        <button
          type="button"
          disabled={(value?.length ?? 0) < pageSize}
          onClick={() => setBefore(value?.at(-1)?.id ?? null)}
        >
          Older
        </button>
      </div>
    </main>
  );
}
