/** A session reserves for each turn while it talks: what its budget lacks does not reach the agent. */
import { assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { call, lax, open, sql, startOwn, world } from "./relay-world.ts";
import { ask, createWorld } from "./world.ts";

const { owner, workspace } = world;

/** What of the budget is reserved, and what is spent. */
async function books(): Promise<{ reserved: number; spent: number }> {
  const [row] = await sql<{ reserved: number; spent: number }[]>`
    select sum(s.reserved)::int as reserved, sum(s.spent)::int as spent
    from private.budget_slots as s join public.budgets as b on b.id = s.budget_id
    where b.workspace_id = ${workspace}`;
  return { ...row! };
}

Deno.test({
  name: "each turn is reserved before the agent hears it, and with the budget the talk ends",
  ...lax,
  async fn() {
    await sql`
      insert into public.budgets (workspace_id, period, amount, per_call)
      values (${workspace}, 'day', 10000, 4000)`;
    const said: string[] = [];
    await using own = await startOwn((socket) => {
      socket.onmessage = ({ data }) => {
        said.push(data);
        socket.send(data);
      };
    });
    const session = await open(owner);
    const { socket, heard, closed } = await call(session, owner.token, own.base);
    socket.send("one");
    socket.send("still one");
    await eventually("the agent has heard", () => heard.length === 2);
    assertDeepEquals(await books(), { reserved: 4000, spent: 0 }, "one turn is reserved once");

    const told = await ask("POST", `/sessions/${session}/turns`, {
      as: "service",
      body: {
        request_id: crypto.randomUUID(),
        usage: [{ kind: "tokens", quantity: 9000, unit: "token" }],
      },
    });
    assertEquals(told.status, 201, JSON.stringify(told.body));
    assertDeepEquals(await books(), { reserved: 0, spent: 9000 }, "what was used is taken instead");

    socket.send("two");
    assertDeepEquals(await closed, { code: 4402, reason: "The budget is used up." });
    assertDeepEquals(said, ["one", "still one"], "the agent has not heard what nobody can pay for");

    // Its twin: a workspace without a budget talks on, whatever its neighbour has used.
    const other = await createWorld(sql);
    const opened = await ask("POST", "/sessions", {
      as: other.owner,
      body: { agent_id: other.agent },
    });
    const theirs = await call(opened.body.session_id, other.owner.token, own.base);
    theirs.socket.send("three");
    await eventually("the neighbour is heard", () => theirs.heard.length === 1);
    theirs.socket.close();
    await theirs.closed;

    // And with more in it the talk goes on.
    await sql`update public.budgets set amount = 20000 where workspace_id = ${workspace}`;
    const again = await call(session, owner.token, own.base);
    again.socket.send("four");
    await eventually("the agent hears again", () => said.includes("four"));
    again.socket.close();
    await again.closed;
  },
});
