import { callFunction, useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useLoaded } from "../use-loaded.ts";
import { type Budget, Budgets } from "./budgets.tsx";
import { DailyUsage } from "./daily-usage.tsx";
import { Table } from "./table.tsx";

/** What `GET /usage` answers of a workspace. */
interface Usage {
  plan: string;
  limits: {
    name: string;
    subject: string;
    unit: string;
    period: string;
    used: number | null;
    allowed: number | null;
  }[];
  budgets: Budget[];
}

const showNumber = (value: number | null, otherwise: string) =>
  value === null ? otherwise : value.toLocaleString();

/** What was used day by day, beside the budgets that bound it; and the limits. */
export function UsageScreen() {
  const backend = useBackend();
  const { workspace } = backend;
  const { value, error, reload } = useLoaded(async () => {
    const path = `usage?workspace=${workspace.id}`;
    const { workspaces } = await callFunction<{ workspaces: Usage[] }>(backend, "GET", path);
    return workspaces[0]!;
  }, [workspace.id]);
  return (
    <main className="page">
      <h1>Usage</h1>
      <Notice error={error} />
      {value && (
        <>
          <div className="side-by-side">
            <DailyUsage />
            <Budgets budgets={value.budgets} onChanged={reload} />
          </div>
          <h2>Limits of the plan {value.plan}</h2>
          <Table label="Limits" columns={["Limit", "Of a", "Over", "Used", "Allowed"]}>
            {value.limits.map((one) => (
              <tr key={one.name}>
                <th scope="row">{one.name.replaceAll("_", " ")}</th>
                <td>{one.subject}</td>
                <td>{one.period}</td>
                <td>{showNumber(one.used, "not kept")}</td>
                <td>{showNumber(one.allowed, "no bound")} {one.unit}</td>
              </tr>
            ))}
          </Table>
        </>
      )}
    </main>
  );
}
