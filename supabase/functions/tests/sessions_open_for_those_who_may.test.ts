/** Opening, listing, placing and closing: each refusal beside an allowed twin. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { ask, connect, createWorld, type Someone } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const other = await createWorld(sql);
const { agent, workspace, owner, admin, member, guest, outsider } = world;
Deno.test.afterAll(() => sql.end());

function open(as: Someone | "service", body: Record<string, unknown> = {}) {
  return ask("POST", "/sessions", { as, body: { agent_id: agent, ...body } });
}
function allow(to: Someone, can_use: boolean) {
  return ask("PUT", `/agents/${agent}/access/${to.id}`, { as: owner, body: { can_use } });
}
async function mySessions(as: Someone): Promise<string[]> {
  const { body } = await ask("GET", "/sessions", { as });
  return body.sessions.map((one: { session_id: string }) => one.session_id);
}
async function entriesOf(session: string) {
  const rows = await sql<{ action: string; actor_id: string; agent_id: string }[]>`
    select action, actor_id, agent_id from public.audit_log
    where workspace_id = ${workspace} and subject_id = ${session} order by id`;
  return rows.map((row) => ({ ...row }));
}
async function countOpened(): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*) from public.audit_log
    where workspace_id in (${workspace}, ${other.workspace}) and action = 'session.opened'`;
  return row?.count ?? 0;
}

Deno.test("whoever may use the agent opens a session; whoever may not is told why", async () => {
  for (const person of [owner, admin]) {
    assertEquals((await open(person)).status, 201);
    await allow(person, false);
    const refused = await open(person);
    assertDeepEquals([refused.status, refused.body.error.code], [403, "access_denied"]);
    assertEquals(refused.body.error.hint, "denied");
    await allow(person, true);
    assertEquals((await open(person)).status, 201);
  }
  for (const person of [member, guest]) {
    const refused = await open(person);
    assertDeepEquals([refused.status, refused.body.error.code], [403, "access_denied"]);
    assertEquals(refused.body.error.hint, "not_granted");
    await allow(person, true);
    assertEquals((await open(person)).status, 201);
  }
});

Deno.test("an agent of another workspace does not exist, like one that does not", async () => {
  const unknown = await open(owner, { agent_id: crypto.randomUUID() });
  assertDeepEquals([unknown.status, unknown.body.error.code], [404, "not_found"]);
  assertDeepEquals((await open(outsider)).body, unknown.body);
  assertDeepEquals((await open(owner, { agent_id: other.agent })).body, unknown.body);
  assertEquals((await open(other.owner, { agent_id: other.agent })).status, 201);
});

Deno.test("an agent that is paused opens for nobody, and says so", async () => {
  const paused = await world.addAgent({ status: "paused" });
  const refused = await open(owner, { agent_id: paused });
  assertDeepEquals([refused.status, refused.body.error.hint], [403, "agent_not_published"]);
  await sql`update public.agents set status = 'published' where id = ${paused}`;
  assertEquals((await open(owner, { agent_id: paused })).status, 201);
});

Deno.test("what is refused writes nothing", async () => {
  const before = await countOpened();
  await open(outsider);
  await open(owner, { agent_id: other.agent });
  await open(owner, { agent_id: agent, user_id: member.id });
  assertEquals(await countOpened(), before);
  await open(owner);
  assertEquals(await countOpened(), before + 1);
});

Deno.test("a session says what the client may know: no address inside the cluster", async () => {
  const { body } = await open(admin);
  assertEquals(body.endpoint_url, null);
  assertEquals(body.connect_path, `/functions/v1/sessions/${body.session_id}/connect`);
  assert(/^wss?:/.test(body.connect_url) && body.connect_url.endsWith(body.connect_path));
  assert(Number.isInteger(body.revision));
  const endpoint_url = "https://agent.example.com/chat";
  const outside = await world.addAgent({ endpoint_url });
  const opened = await open(admin, { agent_id: outside });
  assertEquals(opened.body.endpoint_url, "https://agent.example.com/chat");
  assertDeepEquals(await entriesOf(opened.body.session_id), [
    { action: "session.opened", actor_id: admin.id, agent_id: outside },
  ]);
});

Deno.test("one request id is one session, also when asked at the same time", async () => {
  const request_id = crypto.randomUUID();
  const answers = await Promise.all(Array.from({ length: 8 }, () => open(admin, { request_id })));
  assertDeepEquals(answers.map(({ status }) => status).toSorted(), [...Array(7).fill(200), 201]);
  const [id] = new Set(answers.map(({ body }) => body.session_id));
  assert(answers.every(({ body }) => body.session_id === id));
  assertEquals((await entriesOf(id)).length, 1);
});

Deno.test("somebody else's request id opens nothing of theirs, and is no obstacle", async () => {
  const request_id = crypto.randomUUID();
  const theirs = await open(admin, { request_id });
  const mine = await open(owner, { request_id });
  assertDeepEquals([mine.status, mine.body.session_id !== theirs.body.session_id], [201, true]);
  const agent_id = await world.addAgent();
  assertEquals((await open(admin, { request_id, agent_id })).status, 409, "another agent");
  assert((await mySessions(admin)).includes(theirs.body.session_id));
  assertEquals((await open(owner, { request_id: crypto.randomUUID() })).status, 201);
});

Deno.test("the service opens for whom it names, a person for themselves", async () => {
  const opened = await open("service", { user_id: owner.id });
  assertEquals(opened.status, 201);
  assert((await mySessions(owner)).includes(opened.body.session_id));
  const unnamed = await open("service");
  assertDeepEquals([unnamed.status, unnamed.body.error.code], [400, "invalid_body"]);
  assertEquals((await open("service", { user_id: outsider.id })).status, 404);
  assertEquals((await open(owner, { user_id: owner.id })).status, 201);
  assertEquals((await open(owner, { user_id: admin.id })).status, 400);
});

Deno.test("one's sessions are listed with where they are, until they are closed", async () => {
  const world = await createWorld(sql);
  const open = async () => {
    const body = { agent_id: world.agent };
    return (await ask("POST", "/sessions", { as: world.owner, body })).body.session_id;
  };
  const [first, second] = [await open(), await open()];
  const put = (id: string, node: string | null) =>
    ask("PUT", `/sessions/${id}`, { as: world.owner, body: { node } });
  assertEquals((await put(first, "pod-7")).body.node, "pod-7");
  const { body } = await ask("GET", "/sessions", { as: world.owner });
  assertDeepEquals(
    body.sessions.map((one: Record<string, string>) => [one.session_id, one.node, one.agent_id]),
    [[first, "pod-7", world.agent], [second, null, world.agent]],
    "the latest seen first",
  );
  assertEquals((await put(first, null)).body.node, null);
  await ask("DELETE", `/sessions/${first}`, { as: world.owner });
  assertDeepEquals(await mySessions(world.owner), [second]);
  assertDeepEquals(await mySessions(world.admin), []);
});

Deno.test("a session belongs to its person: for everybody else it does not exist", async () => {
  const { session_id } = (await open(admin)).body;
  const unknown = crypto.randomUUID();
  const routes: [method: string, path: string, body?: unknown][] = [
    ["PUT", "", { node: "a" }],
    ["POST", "/turns", { request_id: crypto.randomUUID() }],
    ["GET", "/connect"],
    ["DELETE", ""],
  ];
  for (const [method, path, body] of routes) {
    const nothing = await ask(method, `/sessions/${unknown}${path}`, { as: admin, body });
    assertEquals(nothing.status, 404);
    for (const as of [owner, member, outsider, other.owner]) {
      const answered = await ask(method, `/sessions/${session_id}${path}`, { as, body });
      assertDeepEquals([answered.status, answered.body], [404, nothing.body], `${method} ${path}`);
    }
    const own = await ask(method, `/sessions/${session_id}${path}`, { as: admin, body });
    assert(own.status !== 404, `${method} ${path}`);
  }
  const actions = (await entriesOf(session_id)).map(({ action }) => action);
  assertDeepEquals(actions, ["session.opened", "session.turn", "session.closed"]);
});

Deno.test("a closed session stays closed, and closing it again says so", async () => {
  const { session_id } = (await open(admin)).body;
  const path = `/sessions/${session_id}`;
  const close = (as: Someone | "service" = admin) => ask("DELETE", path, { as });
  assertDeepEquals((await close()).body, { session_id, closed: true, was_open: true });
  assertDeepEquals((await close()).body, { session_id, closed: true, was_open: false });
  assertEquals((await close("service")).status, 200);
  const placed = await ask("PUT", path, { as: admin, body: { node: "a" } });
  assertDeepEquals([placed.status, placed.body.error.code], [409, "session_closed"]);
  const actions = (await entriesOf(session_id)).map(({ action }) => action);
  assertDeepEquals(actions, ["session.opened", "session.closed"]);
});

Deno.test("the request that opened a session that was closed opens no second one", async () => {
  const request_id = crypto.randomUUID();
  const { session_id } = (await open(admin, { request_id })).body;
  assertEquals((await open(admin, { request_id })).status, 200);
  await ask("DELETE", `/sessions/${session_id}`, { as: admin });
  const again = await open(admin, { request_id });
  assertDeepEquals([again.status, again.body.error.code], [409, "session_closed"]);
});
