/**
 * The Authorization API 1.0 of AuthZEN, from outside: the cases of its certification scenario at the levels Basic,
 * Batch, Search (Core) and Discovery. Its fixture is put in our words: `alice` and `bob` are agents, `record-1` is a
 * workspace, `read` and `write` are scopes. The levels Properties are refused on purpose: what a request says of a role
 * is not believed (see the last test).
 */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { addConsent, addCredential } from "./agent-tokens.ts";
import { connect, createWorld, environment } from "./world.ts";

const sql = connect();
Deno.test.afterAll(() => sql.end());
const world = await createWorld(sql);
const elsewhere = await createWorld(sql);
const [aliceId, bobId] = [world.agent, await world.addAgent()];
const [read, write] = [{ name: "knowledge:read" }, { name: "knowledge:write" }];
await addCredential(sql, aliceId, [read.name, write.name]);
await addCredential(sql, bobId, [read.name]);
const alice = { type: "agent", id: aliceId };
const bob = { type: "agent", id: bobId };
const record1 = { type: "workspace", id: world.workspace };
const record2 = { type: "workspace", id: elsewhere.workspace };
const time = { time: "2025-06-27T18:03-07:00", ip: "192.168.1.1" };
const nobody = { type: "user", id: "nonexistent-user" };

const base = `${environment.url}/functions/v1`;
interface Sent {
  headers?: Record<string, string>;
  raw?: string;
}
async function post(path: string, body: unknown, { headers = {}, raw }: Sent = {}) {
  const response = await fetch(`${base}/access/v1/${path}`, {
    method: "POST",
    headers: {
      apikey: environment.secretKeys.default ?? "",
      "content-type": "application/json",
      ...headers,
    },
    body: raw ?? JSON.stringify(body),
  });
  const text = await response.text();
  assertEquals(response.headers.get("content-type"), "application/json", text);
  return { status: response.status, headers: response.headers, body: JSON.parse(text) };
}
const decided = async (body: unknown) => {
  const answered = await post("evaluation", body);
  assertEquals(answered.status, 200, JSON.stringify(answered.body));
  return answered.body.decision;
};
const all = async (body: unknown) => {
  const answered = await post("evaluations", body);
  assertEquals(answered.status, 200, JSON.stringify(answered.body));
  return answered.body.evaluations.map((one: { decision: boolean }) => one.decision);
};

Deno.test("Basic Core: the four decisions of the fixture, with and without what need not be known", async () => {
  const asked: [unknown, unknown, boolean][] = [
    [alice, read, true],
    [alice, write, true],
    [bob, read, true],
    [bob, write, false],
  ];
  for (const [subject, action, expected] of asked) {
    const whole = { subject, action, resource: record1 };
    assertEquals(await decided(whole), expected);
    assertEquals(await decided({ ...whole, context: time }), expected, "with a context");
    assertEquals(await decided({ ...whole, foo: "bar", futureField: { nested: true } }), expected);
    assertEquals(await decided(whole), expected, "and each time");
  }
  const described = {
    subject: { ...alice, properties: { department: "Sales", role: "manager" } },
    action: { ...read, properties: { method: "GET" } },
    resource: { ...record1, properties: { status: "active", owner: "bob" } },
  };
  assertEquals(await decided(described), true);
  // Another tenant's, and what there is not: denied, not refused.
  assertEquals(await decided({ subject: alice, action: read, resource: record2 }), false);
  assertEquals(await decided({ subject: nobody, action: read, resource: record1 }), false);
  const spaceship = { type: "spaceship", id: "1" };
  assertEquals(await decided({ subject: alice, action: read, resource: spaceship }), false);
});

Deno.test("Basic Core: what lacks something, or is none, is refused with 400", async () => {
  const whole = { subject: alice, action: read, resource: record1 };
  const wrong: unknown[] = [
    { ...whole, subject: undefined },
    { ...whole, action: undefined },
    { ...whole, resource: undefined },
    { ...whole, subject: { id: aliceId } },
    { ...whole, subject: { type: "agent" } },
    { ...whole, action: {} },
    { ...whole, resource: { id: world.workspace } },
    { ...whole, resource: { type: "workspace" } },
    { ...whole, subject: "alice" },
    { ...whole, action: { name: 123 } },
    { ...whole, context: "now" },
    { ...whole, context: { agent: 5 } },
    [],
  ];
  for (const body of wrong) {
    const answered = await post("evaluation", body);
    assertEquals(answered.status, 400, JSON.stringify(body));
    assert(answered.body.error.message, "and says why");
  }
  for (
    const sent of [{ raw: "{" }, { raw: "" }, {
      raw: JSON.stringify(whole),
      headers: { "content-type": "text/plain" },
    }]
  ) {
    assertEquals((await post("evaluation", null, sent)).status, 400, JSON.stringify(sent));
  }
  const long = { ...whole, context: { a: "x".repeat(300_000) } };
  assertEquals((await post("evaluation", long)).status, 413);
});

Deno.test("a request's id comes back, with decisions and with errors", async () => {
  const headers = { "x-request-id": "bfe9eb29-ab87-4ca3-be83-a1d5d8305716" };
  const whole = { subject: alice, action: read, resource: record1 };
  for (const [path, body] of [["evaluation", whole], ["evaluation", {}], ["nowhere", whole]]) {
    const answered = await post(String(path), body, { headers });
    assertEquals(answered.headers.get("x-request-id"), headers["x-request-id"], String(path));
  }
  const refused = await post("evaluation", whole, {
    headers: { ...headers, apikey: "sb_secret_0" },
  });
  assertDeepEquals([refused.status, refused.headers.get("x-request-id")], [
    401,
    headers["x-request-id"],
  ]);
  assert(refused.headers.get("www-authenticate"));
  assertEquals((await post("evaluation", whole)).status, 200, "without one it is answered");
});

Deno.test("Batch Core: each in its order, with what they have in common", async () => {
  assertDeepEquals(
    await all({
      subject: bob,
      resource: record1,
      evaluations: [{ action: read }, { action: write }],
    }),
    [true, false],
  );
  assertDeepEquals(
    await all({
      evaluations: [
        { subject: alice, action: read, resource: record1 },
        { subject: bob, action: write, resource: record1 },
      ],
    }),
    [true, false],
  );
  assertDeepEquals(
    await all({
      subject: alice,
      action: read,
      context: time,
      evaluations: [
        { resource: record1 },
        { resource: record2, context: { ...time, source: "batch-override" } },
      ],
    }),
    [true, false],
  );
  // An entity that is given replaces the default whole; one that is not is inherited whole.
  assertDeepEquals(
    await all({
      subject: alice,
      action: write,
      resource: record1,
      evaluations: [{}, { subject: bob }, { resource: record2 }],
    }),
    [true, false, false],
  );
});

Deno.test("Batch Core: one that is none is denied by itself, and none at all is a single evaluation", async () => {
  const options = { evaluations_semantic: "execute_all" };
  const partly = {
    subject: alice,
    action: read,
    options,
    evaluations: [{ resource: record1 }, {}],
  };
  const answered = await post("evaluations", partly);
  assertDeepEquals(await all(partly), [true, false]);
  assertEquals(answered.body.evaluations[1].context.error.status, 400);
  const single = { subject: alice, action: read, resource: record1 };
  for (const body of [single, { ...single, evaluations: [] }]) {
    assertEquals((await post("evaluations", body)).body.decision, true);
  }
  assertEquals((await post("evaluations", { subject: alice, evaluations: [] })).status, 400);
  assertEquals((await post("evaluations", { ...single, evaluations: "all" })).status, 400);
  const many = (count: number) => ({
    ...single,
    evaluations: Array.from({ length: count }, () => ({})),
  });
  assertEquals((await all(many(100))).length, 100);
  assertEquals((await post("evaluations", many(101))).status, 400);
});

Deno.test("a batch ends with the first denial, or the first permission, where that is what it asks", async () => {
  const evaluations = [{ action: read }, { action: write }, { action: read }];
  const asked = (evaluations_semantic: string, subject = bob) => ({
    subject,
    resource: record1,
    evaluations,
    options: { evaluations_semantic },
  });
  assertDeepEquals(await all(asked("execute_all")), [true, false, true]);
  assertDeepEquals(await all(asked("deny_on_first_deny")), [true, false]);
  assertDeepEquals(await all(asked("permit_on_first_permit")), [true]);
  assertDeepEquals(await all(asked("deny_on_first_deny", alice)), [true, true, true]);
  const unknown = { ...bob, id: crypto.randomUUID() };
  assertDeepEquals(await all(asked("permit_on_first_permit", unknown)), [false, false, false]);
  assertEquals((await post("evaluations", asked("sometimes"))).status, 400);
});

const found = async (kind: string, body: unknown) => {
  const answered = await post(`search/${kind}`, body);
  assertEquals(answered.status, 200, JSON.stringify(answered.body));
  assert(typeof answered.body.page.next_token === "string");
  return answered.body.results;
};
const ids = (results: { id: string }[]) => results.map(({ id }) => id);

Deno.test("Search Core: whom, what and which, whatever is said of what is searched for", async () => {
  const who = { subject: { type: "agent" }, action: read, resource: record1 };
  for (const body of [who, { ...who, context: time }, { ...who, subject: alice }]) {
    assertDeepEquals(
      await found("subject", body),
      [alice, bob].sort((a, b) => a.id < b.id ? -1 : 1),
    );
  }
  assertDeepEquals(ids(await found("subject", { ...who, action: write })), [aliceId]);
  const what = { subject: alice, action: read, resource: { type: "workspace" } };
  for (const body of [what, { ...what, context: time }, { ...what, resource: record2 }]) {
    assertDeepEquals(await found("resource", body), [record1]);
  }
  const which = { subject: alice, resource: record1 };
  for (const body of [which, { ...which, context: time }]) {
    assertDeepEquals(await found("action", body), [read, write]);
  }
  assertDeepEquals(await found("action", { subject: bob, resource: record1 }), [read]);
});

Deno.test("Search Core: what is not known finds nothing, and what is not said is refused", async () => {
  const none: [string, unknown][] = [
    ["action", { subject: nobody, resource: record1 }],
    ["subject", { subject: { type: "spaceship" }, action: read, resource: record1 }],
    ["subject", {
      subject: { type: "agent" },
      action: read,
      resource: { type: "spaceship", id: "1" },
    }],
    ["resource", { subject: alice, action: read, resource: { type: "spaceship" } }],
    ["resource", { subject: nobody, action: read, resource: { type: "workspace" } }],
    ["action", { subject: alice, resource: { type: "workspace", id: "nowhere" } }],
  ];
  for (const [kind, body] of none) {
    assertDeepEquals(await found(kind, body), [], JSON.stringify(body));
  }
  const wrong: [string, unknown][] = [
    ["subject", { subject: { type: "agent" }, resource: record1 }],
    ["subject", { subject: { type: "agent" }, action: read, resource: { type: "workspace" } }],
    ["resource", { action: read, resource: { type: "workspace" } }],
    ["resource", { subject: { type: "agent" }, action: read, resource: { type: "workspace" } }],
    ["action", { subject: alice }],
    ["action", { subject: { type: "agent" }, resource: record1 }],
  ];
  for (const [kind, body] of wrong) {
    assertEquals((await post(`search/${kind}`, body)).status, 400, JSON.stringify(body));
  }
});

Deno.test("a search goes on page by page, with the token that it gave and no other", async () => {
  const who = { subject: { type: "agent" }, action: read, resource: record1 };
  const first = await post("search/subject", { ...who, page: { limit: 1 } });
  assertEquals(first.body.results.length, 1);
  const token = first.body.page.next_token;
  assert(token !== "");
  const second = await post("search/subject", { ...who, page: { token } });
  assertDeepEquals(second.body.page, { next_token: "", count: 1 });
  assertDeepEquals(ids([...first.body.results, ...second.body.results]), [aliceId, bobId].sort());
  const wrong = [
    { ...who, page: { token: "nonsense" } },
    { ...who, page: { token, limit: 2 } },
    { ...who, action: write, page: { token } },
    { ...who, page: { limit: -1 } },
  ];
  for (const body of wrong) {
    assertEquals((await post("search/subject", body)).status, 400, JSON.stringify(body));
  }
  const nothing = await post("search/subject", { ...who, page: { limit: 0 } });
  assertDeepEquals(nothing.body.results, []);
  assert(nothing.body.page.next_token !== "", "more there is");
  // A page of a hundred, of more people than that.
  await sql`
    insert into public.workspace_limits (workspace_id, name, value, reason)
    values (${elsewhere.workspace}, 'guests', 200, 'a test')`;
  const people = Array.from({ length: 120 }, () => crypto.randomUUID());
  await sql`insert into auth.users (id) select value::uuid from jsonb_array_elements_text(${
    sql.json(people)
  })`;
  await sql`
    insert into public.members (workspace_id, user_id, role)
    select ${elsewhere.workspace}, value::uuid, 'guest' from jsonb_array_elements_text(${
    sql.json(people)
  })`;
  const members = {
    subject: { type: "user" },
    action: read,
    resource: record2,
    page: { limit: 500 },
  };
  const page = await post("search/subject", members);
  assertEquals(page.body.page.count, 100);
  const rest = await post("search/subject", {
    ...members,
    page: { token: page.body.page.next_token },
  });
  assertDeepEquals([rest.body.page.next_token, rest.body.page.count], ["", 24]);
});

Deno.test("Discovery: where everything is", async () => {
  const response = await fetch(`${base}/access/.well-known/authzen-configuration`);
  assertEquals(response.status, 200);
  const metadata = await response.json();
  const pdp = `${environment.publicUrl}/functions/v1`;
  assertDeepEquals(metadata, {
    policy_decision_point: pdp,
    access_evaluation_endpoint: `${pdp}/access/v1/evaluation`,
    access_evaluations_endpoint: `${pdp}/access/v1/evaluations`,
    search_subject_endpoint: `${pdp}/access/v1/search/subject`,
    search_resource_endpoint: `${pdp}/access/v1/search/resource`,
    search_action_endpoint: `${pdp}/access/v1/search/action`,
  });
  const asked = await fetch(metadata.access_evaluation_endpoint, { method: "POST" });
  assertEquals(asked.status, 401, "it is there, and wants to know who asks");
});

Deno.test("who acts is the one property that decides; what a request says of roles is not believed", async () => {
  const { member, workspace } = world;
  await sql`
    insert into public.permissions (user_id, agent_id, workspace_id)
    values (${member.id}, ${aliceId}, ${workspace})`;
  await addConsent(sql, aliceId, member.id, [read.name]);
  const subject = { type: "user", id: member.id };
  const through = { ...subject, properties: { act: { sub: aliceId } } };
  const whole = { action: write, resource: record1 };
  assertEquals(await decided({ subject, ...whole }), true, "the person may");
  for (const context of [{ agent: aliceId }, { act: { sub: aliceId } }]) {
    assertEquals(await decided({ subject, ...whole, context }), false, "not through the agent");
    assertEquals(await decided({ subject, resource: record1, action: read, context }), true);
  }
  assertEquals(await decided({ subject: through, ...whole }), false);
  assertEquals(await decided({ subject: through, resource: record1, action: read }), true);
  const both = { subject: through, ...whole, context: { agent: bobId } };
  assertEquals((await post("evaluation", both)).status, 400, "two who act");
  // Through both, where one of them is not allowed: whichever place names more is asked.
  const chain = {
    subject: through,
    action: read,
    resource: record1,
    context: { act: { sub: aliceId, act: { sub: bobId } } },
  };
  assertEquals(await decided(chain), false);
  const outsider = { type: "user", id: world.outsider.id, properties: { role: "admin" } };
  assertEquals(await decided({ subject: outsider, ...whole }), false);
});
