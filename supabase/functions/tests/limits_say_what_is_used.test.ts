import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { createGroundworkClient } from "../../../types/client.ts";
import { ask, connect, createWorld, environment, type Someone } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, owner, admin, member, guest, outsider } = world;
Deno.test.afterAll(() => sql.end());

async function beginTalk(of: Someone): Promise<string> {
  const [talk] = await sql<{ id: string }[]>`
    insert into public.conversations (workspace_id, user_id) values (${workspace}, ${of.id})
    returning id`;
  return talk?.id ?? "";
}

interface Limit {
  name: string;
  used: number;
  allowed: number;
}

async function limitOf(name: string, as: Someone | "service", query = ""): Promise<Limit> {
  const { status, body } = await ask("GET", `/usage${query}`, { as });
  assertEquals(status, 200);
  const here = body.workspaces.find((one: { workspace_id: string }) =>
    one.workspace_id === workspace
  );
  return here.limits.find((one: Limit) => one.name === name);
}

Deno.test("members and the service see what is used of what, guests and outsiders nothing", async () => {
  for (const as of [owner, admin, member]) {
    const { used, allowed } = await limitOf("seats", as);
    assertDeepEquals([used, allowed], [3, 10]);
  }
  assertEquals((await limitOf("agents", "service", `?workspace=${workspace}`)).used, 1);
  for (const as of [guest, outsider]) {
    assertDeepEquals((await ask("GET", "/usage", { as })).body, { workspaces: [] });
    const { status } = await ask("GET", `/usage?workspace=${workspace}`, { as });
    assertEquals(status, 404);
  }
  assertEquals((await ask("GET", "/usage", { as: "service" })).status, 400);
  assertEquals((await ask("GET", "/usage")).status, 401);
});

Deno.test("supabase-js is told which limit it ran into, what is used, and how to go on", async () => {
  await sql`
    insert into public.workspace_limits (workspace_id, name, value) values (${workspace}, 'agents', 2)`;
  const client = createGroundworkClient(
    environment.url,
    environment.publishableKeys.default ?? "",
    {
      accessToken: () => Promise.resolve(admin.token),
    },
  );
  const add = () =>
    client.from("agents").insert({
      workspace_id: workspace,
      slug: `a-${crypto.randomUUID().slice(0, 8)}`,
      name: "A",
      endpoint_url: "https://agent.example/",
    });
  assertEquals((await add()).error, null);
  const { error, status } = await add();
  assertDeepEquals([status, error?.code], [403, "limit_reached"]);
  assertDeepEquals(JSON.parse(error?.details ?? ""), {
    limit: "agents",
    used: 2,
    allowed: 2,
    unit: "agents",
    frees_at: null,
  });
  assertDeepEquals((await limitOf("agents", admin)).used, 2);
});

Deno.test("a budget is seen by admins and by whom it is of, with what is left of it", async () => {
  await sql`
    insert into public.budgets (workspace_id, user_id, period, amount) values
      (${workspace}, null, 'month', 1000), (${workspace}, ${member.id}, 'day', 300)`;
  const reserved = await ask("POST", "/streams", {
    as: "service",
    body: { conversation_id: await beginTalk(member) },
  });
  assertDeepEquals([reserved.status, reserved.body.error?.code], [402, "budget_exhausted"]);
  await sql`update public.budgets set per_call = 100 where workspace_id = ${workspace}`;
  const { status } = await ask("POST", "/streams", {
    as: "service",
    body: { conversation_id: await beginTalk(member) },
  });
  assertEquals(status, 201);
  const budgetsOf = async (as: Someone) =>
    (await ask("GET", "/usage", { as })).body.workspaces[0].budgets
      .map(({ user_id, left, reserved }: Record<string, unknown>) => [user_id, left, reserved])
      .toSorted((one: [unknown, number], other: [unknown, number]) => other[1] - one[1]);
  assertDeepEquals(await budgetsOf(admin), [[null, 900, 100], [member.id, 200, 100]]);
  assertDeepEquals(await budgetsOf(member), [[member.id, 200, 100]]);
});

Deno.test("of a budget that is used up no session is opened; another workspace's are", async () => {
  const other = await createWorld(sql);
  const openIn = ({ owner, agent }: { owner: Someone; agent: string }) =>
    ask("POST", "/sessions", { as: owner, body: { agent_id: agent } });
  await sql`
    insert into public.budgets (workspace_id, period, amount) values (${other.workspace}, 'day', 50)`;
  const { status, body } = await openIn(other);
  assertEquals(status, 201);
  const turn = (as: Someone | "service") =>
    ask("POST", `/sessions/${body.session_id}/turns`, {
      as,
      body: {
        request_id: crypto.randomUUID(),
        usage: [{ kind: "tokens", quantity: 60, unit: "tokens" }],
      },
    });
  assertEquals((await turn(other.owner)).status, 201);
  assertEquals((await openIn(other)).status, 201, "a person's word makes no budget smaller");
  assertEquals((await turn("service")).status, 201);
  const refused = await openIn(other);
  assertDeepEquals([refused.status, refused.body.error.code], [402, "budget_exhausted"]);
  assertEquals((await openIn(await createWorld(sql))).status, 201);
});

Deno.test("what was used goes out in order, each once, and the same page again is the same", async () => {
  const place = await createWorld(sql);
  const record = (request: string) =>
    sql`select public.record_usage(${place.workspace}, 'tokens', 7, 'tokens', request_id => ${request})`;
  for (const request of ["one", "two", "three"]) await record(request);
  const events = async (query: string, as: Someone | "service" = "service") =>
    await ask("GET", `/usage/events?${query}`, { as });
  const after = `${new Date(Date.now() - 3_600_000).toISOString()}_0`;
  const ours = (all: { subject: string }[]) =>
    all.filter(({ subject }) => subject === place.workspace);
  assertEquals(
    ours((await events(`after=${after}`)).body.events).length,
    0,
    "not before 5 minutes",
  );
  assertEquals((await events("", place.owner)).status, 401);
  assertEquals((await events("after=x")).status, 400);
  await sql`alter table public.billing_events disable trigger user`;
  await sql`
    update public.billing_events set occurred_at = occurred_at - interval '6 minutes'
    where workspace_id = ${place.workspace}`;
  await sql`alter table public.billing_events enable trigger user`;
  const billed = new Map<string, number>();
  for (let replay = 0; replay < 3; replay++) {
    for (let next = after, pages = 0; pages < 200; pages++) {
      const { status, body } = await events(`limit=2&after=${encodeURIComponent(next)}`);
      assertEquals(status, 200);
      for (
        const { id, data } of ours(body.events) as unknown as {
          id: string;
          data: { quantity: number };
        }[]
      ) {
        billed.set(id, data.quantity);
      }
      if (body.events.length === 0) break;
      next = body.next;
    }
  }
  assertDeepEquals([...billed.values()], [7, 7, 7]);

  // Stripe bills an identifier once. Whoever has no customer there is named, and billed when they have.
  interface Meter {
    identifier: string;
    event_name: string;
    payload: { stripe_customer_id: string; value: string };
  }
  const customer = `cus_${crypto.randomUUID()}`;
  const bill = new Map<string, Meter>();
  const replay = async () => {
    const unknown = new Set<string>();
    for (let next = after, pages = 0; pages < 200; pages++) {
      const { body } = await events(`form=stripe&limit=2&after=${encodeURIComponent(next)}`);
      for (const one of body.events as Meter[]) bill.set(one.identifier, one);
      for (const workspace of body.without_customer) unknown.add(workspace);
      if (body.next === next) break;
      next = body.next;
    }
    return unknown;
  };
  assert((await replay()).has(place.workspace));
  assertEquals(bill.size, 0);
  await sql`insert into public.billing_customers (workspace_id, customer_id) values (${place.workspace}, ${customer})`;
  for (let times = 0; times < 3; times++) assert(!(await replay()).has(place.workspace));
  const theirs = [...bill.values()].filter(({ payload }) =>
    payload.stripe_customer_id === customer
  );
  assertEquals(theirs.reduce((sum, { payload }) => sum + Number(payload.value), 0), 21);
  assertEquals(theirs[0]?.event_name, "groundwork_tokens_tokens");
});
