import { useState } from "react";
import { useBackend } from "../backend.ts";
import { Notice } from "../notice.tsx";
import { useAction } from "../use-action.ts";

/** A budget, and what is left of it. */
export interface Budget {
  id: string;
  user_id: string | null;
  agent_id: string | null;
  period: string;
  unit: string;
  amount: number;
  spent: number;
  reserved: number;
  left: number;
  is_hard: boolean;
}

/** What the workspace may spend: made, and removed. */
export function Budgets({ budgets, onChanged }: {
  budgets: Budget[];
  onChanged(): Promise<void>;
}) {
  const { client, workspace, nameOf } = useBackend();
  const [period, setPeriod] = useState("month");
  const [amount, setAmount] = useState("");
  const [isHard, setHard] = useState(true);
  const { error, isBusy, run } = useAction();
  const add = () =>
    run(async () => {
      await client.from("budgets").insert({
        workspace_id: workspace.id,
        period,
        amount: Number(amount),
        // What one answer reserves while it is made.
        per_call: Math.max(1, Math.floor(Number(amount) / 100)),
        is_hard: isHard,
      }).throwOnError();
      setAmount("");
      await onChanged();
    });
  const remove = (id: string) =>
    run(async () => {
      await client.from("budgets").delete().eq("id", id).throwOnError();
      await onChanged();
    });
  return (
    <section>
      <h2>Budgets</h2>
      <Notice error={error} />
      {budgets.length === 0 && <p>None: nothing bounds what is spent.</p>}
      <ul className="plain" aria-label="Budgets">
        {budgets.map((one) => (
          <li key={one.id} className="card">
            {one.left.toLocaleString()} of {one.amount.toLocaleString()} {one.unit} left this{" "}
            {one.period}
            {one.user_id && `, for ${nameOf(one.user_id)}`}
            {one.is_hard ? "" : " (soft)"}
            <meter
              aria-label={`Spent this ${one.period}`}
              max={one.amount}
              value={one.spent + one.reserved}
            />{" "}
            <button type="button" disabled={isBusy} onClick={() => remove(one.id)}>
              Remove the budget
            </button>
          </li>
        ))}
      </ul>
      <form
        className="card fields"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <label>
          Tokens
          <input
            type="number"
            min={100}
            required
            value={amount}
            onChange={(event) => setAmount(event.target.value)}
          />
        </label>
        <label>
          Each{" "}
          <select value={period} onChange={(event) => setPeriod(event.target.value)}>
            <option>day</option>
            <option>month</option>
          </select>
        </label>
        <label>
          <input
            type="checkbox"
            checked={isHard}
            onChange={(event) => setHard(event.target.checked)}
          />{" "}
          Refuse what goes beyond
        </label>
        <button type="submit" className="primary" disabled={isBusy}>Add a budget</button>
      </form>
    </section>
  );
}
