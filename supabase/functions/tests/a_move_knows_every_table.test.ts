/** A table that a move does not know would be left behind in silence: so a move refuses it. */
import assert from "node:assert/strict";
import postgres from "postgres";
import { planMove } from "../../../local/move/plan.ts";
import { STAYS, THROUGH } from "../../../local/move/tables.ts";

const ACME = "00000000-0000-4000-b000-000000000001";

/** Plans in a transaction that is undone, after a statement. */
async function planAfter(statement: string) {
  const url = Deno.env.get("SUPABASE_DB_URL")!;
  const sql = postgres(url, { max: 1, prepare: false, onnotice: () => {} });
  try {
    return await sql.begin(async (own) => {
      await own.unsafe(statement);
      const plan = await planMove({ sql: own as unknown as postgres.Sql, url }, ACME);
      await own.unsafe("rollback; begin");
      return plan;
    });
  } finally {
    await sql.end();
  }
}

Deno.test("every table travels or is told of, and nothing is told of tables that are gone", async () => {
  const { travelling, through } = await planAfter("select 1");
  const names = travelling.map(({ name }) => name);
  for (
    const name of ["public.workspaces", "public.messages", "public.audit_log", "private.recalls"]
  ) {
    assert.ok(names.includes(name), `${name} travels`);
  }
  assert.deepEqual(through.map(({ name }) => name).sort(), Object.keys(THROUGH).sort());
  assert.ok(Object.keys(STAYS).every((name) => !names.includes(name)));
});

Deno.test("a new table with a workspace_id travels by itself", async () => {
  const { travelling } = await planAfter(
    "create table private.notes (id bigint primary key, workspace_id uuid not null)",
  );
  assert.ok(
    travelling.some(({ name, column }) => name === "private.notes" && column === "workspace_id"),
  );
});

Deno.test("a new table that belongs to a workspace through another stops a move until it is told", async () => {
  await assert.rejects(
    planAfter(
      "create table private.budget_notes (budget_id uuid references public.budgets (id), note text)",
    ),
    { code: "unknown_table", message: /private\.budget_notes/ },
  );
});

Deno.test("tables of a business travel with its own workspace, and with no other", async () => {
  const stamp = (workspace: string) =>
    planAfter(`select private.create_business('${workspace}', 'mv_', 'Moving', 'UTC')`);
  const names = (plan: Awaited<ReturnType<typeof planAfter>>) =>
    plan.travelling.map(({ name }) => name);
  assert.ok(names(await stamp(ACME)).includes("public.mv_leads"));
  const other = "00000000-0000-4000-b000-000000000002";
  assert.ok(!names(await stamp(other)).includes("public.mv_leads"));
});
