/** One person asks again and again for what takes long; their neighbour goes on working. */
import { assert, assertDeepEquals, assertEquals } from "../../_shared/asserts.ts";
import { type Answered, ask, connect, createWorld, environment, type Someone } from "../world.ts";
import { besideNeighbour, tally } from "./neighbour.ts";

const sql = connect();
const attacked = await createWorld(sql);
const neighbour = await createWorld(sql);
const { workspace, admin, member, outsider } = attacked;
Deno.test.afterAll(() => sql.end());

const path = `/leads/import?workspace_id=${workspace}&on_error=skip`;
const rows = (count: number, more: Record<string, unknown>) =>
  Array.from({ length: count }, (_, place) => ({
    state: "TX",
    county: "Travis",
    parcel: `${place}`,
    ...more,
  }));
const times = <Result>(count: number, ask: () => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, ask));

function callFunction(name: string, as: Someone, body: unknown): Promise<Response> {
  return fetch(`${environment.url}/rest/v1/rpc/${name}`, {
    method: "POST",
    headers: {
      apikey: environment.publishableKeys.default ?? "",
      authorization: `Bearer ${as.token}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
}

Deno.test("ten imports of ten thousand rows by whoever may not import are refused unread", async () => {
  const body = rows(10_000, {});
  const answers = await besideNeighbour(neighbour, () =>
    Promise.all([
      times(5, () => ask("POST", path, { as: member, body })),
      times(5, () => ask("POST", path, { as: outsider, body })),
    ]));
  assertDeepEquals(tally(answers.flat()), { "403 forbidden": 5, "404 not_found": 5 });
  const spoken = await callFunction("import_leads", member, {
    prefix: "",
    workspace_id: workspace,
    leads: body.slice(0, 1000), // as many as it takes
  });
  assertDeepEquals([spoken.status, (await spoken.json()).code], [403, "forbidden"]);
});

Deno.test("ten imports of bad rows at once: two run, the others are told to wait", async () => {
  const body = rows(300, { year_built: "long ago" });
  const answers = await besideNeighbour(
    neighbour,
    () => times(10, () => ask("POST", path, { as: admin, body })),
  );
  const counts = tally(answers);
  assertEquals((counts["200"] ?? 0) + (counts["429 limit_reached"] ?? 0), 10, Deno.inspect(counts));
  const refused = answers.find(({ status }) => status === 429);
  assert(refused, Deno.inspect(counts));
  assertEquals(refused.headers.get("retry-after"), "1");
  assertEquals(refused.body.error.details.limit, "long_work_at_once");
  const { status, body: report } = await ask("POST", path, { as: admin, body: rows(3, {}) });
  assertDeepEquals([status, report.counts.inserted], [200, 3]);
});

Deno.test("who writes a long document already waits with the next, and not with a short one", async () => {
  const put = async (path: string, content: string) => {
    const response = await callFunction("put_document", member, {
      workspace_id: workspace,
      path,
      content,
    });
    return `${response.status} ${(await response.json()).code ?? "ok"}`;
  };
  const long = "ab\n".repeat(33_400);
  const limit = { workspace_id: workspace, name: "long_work_at_once", value: 1 };
  await sql`insert into public.workspace_limits ${sql(limit)}`;
  try {
    // The embedded database has one transaction at a time: nobody can be in the middle of another one.
    if (Deno.env.get("GROUNDWORK_TEST_DATABASE") === "real") {
      await sql.begin(async (writing) => {
        await writing`select private.take_slot('long_work_at_once', ${member.id}, ${workspace})`;
        assertEquals(await put("long", long), "429 limit_reached");
        assertEquals(await put("short", "A word."), "200 ok");
      });
    }
    assertEquals(await put("long", long), "200 ok");
  } finally {
    await sql`
      delete from public.workspace_limits
      where workspace_id = ${workspace} and name = 'long_work_at_once'`;
  }
});

Deno.test("a log is verified by so many at once, whoever asks", async () => {
  const verify = (as: Someone) => ask("GET", `/audit/${workspace}/verify`, { as });
  const answers = await besideNeighbour(neighbour, () => times(12, () => verify(admin)));
  const counts = tally(answers);
  assertEquals((counts["200"] ?? 0) + (counts["429 limit_reached"] ?? 0), 12, Deno.inspect(counts));
  assertEquals((await verify(member)).status, 403);
  assertEquals((await verify(admin)).status, 200);
});

Deno.test("a person takes everything along twenty times a day, and another as often", async () => {
  const person = await attacked.addPerson("member");
  const takeAlong = (as: Someone) => ask("POST", "/account/export", { as });
  const answers: Answered[] = [];
  await besideNeighbour(neighbour, async () => {
    for (let time = 0; time < 22; time++) answers.push(await takeAlong(person));
  });
  assertDeepEquals(answers.map(({ status }) => status), [...Array(20).fill(200), 429, 429]);
  const [refused] = answers.slice(-1);
  assertEquals(refused?.body.error.details.limit, "exports_a_day");
  assert(Number(refused?.headers.get("retry-after")) > 0);
  assertEquals((await takeAlong(neighbour.member)).status, 200);
});

Deno.test("a person writes so many messages a day; the limit is a row", async () => {
  await sql`
    insert into public.workspace_limits (workspace_id, name, value)
    values (${workspace}, 'messages_a_day', 3)`;
  const [talk] = await sql<{ id: string }[]>`
    insert into public.conversations (workspace_id, user_id) values (${workspace}, ${member.id})
    returning id`;
  const say = () =>
    callFunction("add_message", member, {
      conversation_id: talk?.id,
      role: "user",
      parts: [{ type: "text", text: "again" }],
    });
  const statuses: number[] = [];
  await besideNeighbour(neighbour, async () => {
    for (let time = 0; time < 5; time++) {
      const response = await say();
      statuses.push(response.status);
      await response.body?.cancel();
    }
  });
  assertDeepEquals(statuses, [200, 200, 200, 429, 429]);
});
