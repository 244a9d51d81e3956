import { callFunction, useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useLoaded } from "../use-loaded.ts";
import { type Budget, Budgets } from "./budgets.tsx";

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

/** What is used of what: budgets and limits. */
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
          <Budgets budgets={value.budgets} onChanged={reload} />
          <h2>Limits of the plan {value.plan}</h2>
          <div className="scroll" tabIndex={0} role="region" aria-label="Limits">
            <table>
              <thead>
                <tr>
                  <th scope="col">Limit</th>
                  <th scope="col">Of a</th>
                  <th scope="col">Over</th>
                  <th scope="col">Used</th>
                  <th scope="col">Allowed</th>
                </tr>
              </thead>
              <tbody>
                {value.limits.map((one) => (
                  <tr key={one.name}>
                    <th scope="row">{one.name.replaceAll("_", " ")}</th>
                    <td>{one.subject}</td>
                    <td>{one.period}</td>
                    <td>{showNumber(one.used, "not kept")}</td>
                    <td>{showNumber(one.allowed, "no bound")} {one.unit}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </main>
  );
}
