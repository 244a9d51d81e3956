import { useState } from "react";
import type { Row } from "groundwork-client";
import { useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useLoaded } from "../use-loaded.ts";
import { Table } from "./table.tsx";

type Used = Pick<
  Row<"usage_daily">,
  "day" | "kind" | "currency" | "quantity" | "amount_minor"
>;

/** The first of the last days, in UTC, as the table has days. */
function firstDay(days: number): string {
  return new Date(Date.now() - (days - 1) * 86_400_000).toISOString().slice(
    0,
    10,
  );
}

function showMoney(
  { currency, amount_minor }: Pick<Used, "currency" | "amount_minor">,
): string {
  const format = new Intl.NumberFormat(undefined, {
    style: "currency",
    currency,
  });
  return format.format(
    amount_minor / 10 ** format.resolvedOptions().maximumFractionDigits!,
  );
}

/** The sums of one day: of each kind, whatever it cost; and of each currency, whatever for. */
function sumUp(rows: readonly Used[]) {
  const quantities = new Map<string, number>();
  const costs = new Map<string, number>();
  for (const { kind, currency, quantity, amount_minor } of rows) {
    quantities.set(kind, (quantities.get(kind) ?? 0) + quantity);
    costs.set(currency, (costs.get(currency) ?? 0) + amount_minor);
  }
  const paid = [...costs].filter(([, amount]) => amount > 0);
  return {
    quantities,
    cost: paid.map(([currency, amount_minor]) => showMoney({ currency, amount_minor })).join(" + "),
  };
}

/** What the workspace used, day by day: of the hourly sums, so that today's is up to an hour old. */
export function DailyUsage() {
  const { client, workspace } = useBackend();
  const [days, setDays] = useState(7);
  const { value, error } = useLoaded(async () => {
    const { data } = await client.from("usage_daily")
      .select("day, kind, currency, quantity, amount_minor")
      .eq("workspace_id", workspace.id).gte("day", firstDay(days))
      .order("day", { ascending: false }).throwOnError();
    return data;
  }, [client, workspace.id, days]);
  const kinds = [...new Set(value?.map(({ kind }) => kind))].sort();
  const used = [...new Set(value?.map(({ day }) => day))];
  return (
    <section>
      <h2>By day</h2>
      <Notice error={error} />
      <label>
        The last{" "}
        <select
          value={days}
          onChange={(event) => setDays(Number(event.target.value))}
        >
          {[7, 30, 90].map((one) => <option key={one} value={one}>{one} days</option>)}
        </select>
      </label>
      {value?.length === 0 && <p>Nothing was used.</p>}
      {value && value.length > 0 && (
        <Table label="Usage by day" columns={["Day (UTC)", ...kinds, "Cost"]}>
          {used.map((day) => {
            const { quantities, cost } = sumUp(value.filter((one) =>
              one.day === day
            ));
            return (
              <tr key={day}>
                <th scope="row">{day}</th>
                {kinds.map((kind) => (
                  <td key={kind}>
                    {(quantities.get(kind) ?? 0).toLocaleString()}
                  </td>
                ))}
                <td>{cost || "–"}</td>
              </tr>
            );
          })}
        </Table>
      )}
    </section>
  );
}
