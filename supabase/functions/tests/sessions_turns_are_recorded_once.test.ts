/**
 * A turn that ended is in the audit log and on the bill exactly once, whatever was forgotten or taken away meanwhile.
 */
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { app } from "../sessions/index.ts";
import { ask, connect, createWorld, type Someone, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { agent, workspace, owner, admin, member } = world;
Deno.test.afterAll(() => sql.end());

async function open(as: Someone = admin): Promise<string> {
  return (await ask("POST", "/sessions", { as, body: { agent_id: agent } })).body.session_id;
}
function report(session: string, as: Someone | "service", body: Record<string, unknown>) {
  return ask("POST", `/sessions/${session}/turns`, { as, body });
}
async function turnsOf(session: string) {
  const rows = await sql<{ id: number; actor_id: string; agent_id: string; detail: unknown }[]>`
    select id, actor_id, agent_id, detail from public.audit_log
    where workspace_id = ${workspace} and subject_id = ${session} and action = 'session.turn'
    order by id`;
  return rows.map((row) => ({ ...row }));
}
async function billFor(request_id: string) {
  const rows = await sql`
    select kind, quantity::float8, unit, amount_minor, currency, user_id, agent_id
    from public.billing_events where workspace_id = ${workspace} and request_id = ${request_id}
    order by kind`;
  return rows.map((row) => ({ ...row }));
}

/** Makes the scratchpad forget a session, in Redis and in Postgres, as after a restart. */
async function forget(session: string, user: string): Promise<void> {
  await using isolate = startIsolate();
  const { scratchpad } = isolate.services;
  // Again, when a sign of life that was still on its way has brought it back.
  await eventually("it is forgotten", async () => {
    await scratchpad.use((pad) => pad.remove([`session:${session}`]));
    await scratchpad.use((pad) => pad.leave(`sessions:${user}`, session));
    return await scratchpad.use((pad) => pad.get(`session:${session}`)) === null;
  });
}

const usage = [
  { kind: "message", quantity: 1, unit: "message" },
  { kind: "tokens", quantity: 1200.5, unit: "token", amount_minor: 3, currency: "EUR" },
];

Deno.test("twenty who report the same turn at the same time are one turn", async () => {
  const session = await open();
  const request_id = crypto.randomUUID();
  const body = { request_id, usage, detail: { model: "small" } };
  // With a connection for each: who waits too long for one is told to come again.
  await using isolate = startIsolate();
  const path = `/sessions/${session}/turns`;
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => isolate.ask(app, "POST", path, { as: "service", body })),
  );
  assertDeepEquals(answers.map(({ status }) => status).toSorted(), [...Array(19).fill(200), 201]);
  const [turn, ...others] = await turnsOf(session);
  assertEquals(others.length, 0);
  assert(answers.every(({ body }) => body.audit_id === turn?.id));
  const { id: _, ...written } = turn!;
  assertDeepEquals(written, {
    actor_id: admin.id,
    agent_id: agent,
    detail: { model: "small" },
  });
  const whose = { user_id: admin.id, agent_id: agent };
  assertDeepEquals(await billFor(request_id), [
    { ...usage[0], amount_minor: 0, currency: "USD", ...whose },
    { ...usage[1], ...whose },
  ]);
});

Deno.test("another turn of the same session is another one", async () => {
  const session = await open();
  assertEquals((await report(session, admin, { request_id: crypto.randomUUID() })).status, 201);
  assertEquals((await report(session, admin, { request_id: crypto.randomUUID() })).status, 201);
  assertEquals((await turnsOf(session)).length, 2);
});

Deno.test("a request id is its sender's: another person's is no obstacle, one's own of another turn is", async () => {
  const request_id = crypto.randomUUID();
  const [mine, another, theirs] = [await open(), await open(), await open(owner)];
  assertEquals((await report(theirs, owner, { request_id })).status, 201);
  assertEquals((await report(mine, admin, { request_id, usage: [usage[0]] })).status, 201);
  assertDeepEquals([(await turnsOf(mine)).length, (await billFor(request_id)).length], [1, 1]);
  const refused = await report(another, admin, { request_id, usage: [usage[0]] });
  assertDeepEquals([refused.status, refused.body.error.code], [409, "request_id_reused"]);
  assertDeepEquals([await turnsOf(another), (await billFor(request_id)).length], [[], 1]);
});

Deno.test("what a turn costs is the service's to say, what was used also the person's", async () => {
  const session = await open();
  const request_id = crypto.randomUUID();
  const refused = await report(session, admin, { request_id, usage });
  assertDeepEquals([refused.status, refused.body.error.code], [400, "invalid_body"]);
  assertDeepEquals([await turnsOf(session), await billFor(request_id)], [[], []]);
  assertEquals((await report(session, admin, { request_id, usage: [usage[0]] })).status, 201);
  assertEquals((await billFor(request_id)).length, 1);
});

Deno.test("a session that the scratchpad forgot is found again, by its person and by the service", async () => {
  for (const as of [admin, "service"] as const) {
    const session = await open();
    await forget(session, admin.id);
    const recorded = await report(session, as, { request_id: crypto.randomUUID() });
    assertEquals(recorded.status, 201);
    assertEquals((await turnsOf(session))[0]?.actor_id, admin.id);
    await forget(session, admin.id);
    const stranger = await report(session, owner, { request_id: crypto.randomUUID() });
    assertEquals(stranger.status, 404, "what is forgotten is still nobody else's");
    const placed = await ask("PUT", `/sessions/${session}`, { as, body: { node: "pod" } });
    assertEquals(placed.status, 200);
    const { body } = await ask("GET", "/sessions", { as: admin });
    const ids = body.sessions.map((one: { session_id: string }) => one.session_id);
    assert(ids.includes(session), "and is listed again");
  }
});

Deno.test("a session that was closed and forgotten does not come back", async () => {
  const session = await open();
  await ask("DELETE", `/sessions/${session}`, { as: admin });
  await forget(session, admin.id);
  const placed = await ask("PUT", `/sessions/${session}`, { as: admin, body: { node: "pod" } });
  assertDeepEquals([placed.status, placed.body.error.code], [409, "session_closed"]);
});

Deno.test("a closed session that a scratchpad did not hear of is not listed", async () => {
  const [closed, other] = [await open(), await open()];
  await using isolate = startIsolate();
  const { scratchpad } = isolate.services;
  const kept = await scratchpad.use((pad) => pad.get(`session:${closed}`));
  await ask("DELETE", `/sessions/${closed}`, { as: admin });
  // As it is after Redis was away while the session was closed.
  await scratchpad.use((pad) => pad.join(`sessions:${admin.id}`, closed, kept, 60));
  const { body } = await ask("GET", "/sessions", { as: admin });
  const ids = body.sessions.map((one: { session_id: string }) => one.session_id);
  assertDeepEquals([ids.includes(closed), ids.includes(other)], [false, true]);
});

Deno.test("what was used before the permission ended, or the session was closed, is still recorded", async () => {
  const grant = (can_use: boolean) =>
    ask("PUT", `/agents/${agent}/access/${member.id}`, { as: owner, body: { can_use } });
  await grant(true);
  const session = await open(member);
  await grant(false);
  const reopened = await ask("POST", "/sessions", { as: member, body: { agent_id: agent } });
  assertEquals(reopened.status, 403);
  assertEquals((await report(session, member, { request_id: crypto.randomUUID() })).status, 201);
  await ask("DELETE", `/sessions/${session}`, { as: member });
  assertEquals((await report(session, "service", { request_id: crypto.randomUUID() })).status, 201);
  assertEquals((await turnsOf(session)).length, 2);
});

Deno.test("a turn that does not fit is refused by its field, and writes nothing", async () => {
  const session = await open();
  const request_id = crypto.randomUUID();
  const [one] = usage;
  const rows: [body: unknown, field: string][] = [
    [{}, "request_id"],
    [{ request_id: "" }, "request_id"],
    [{ request_id: "x".repeat(201) }, "request_id"],
    [{ request_id: 1 }, "request_id"],
    [{ request_id, usage: one }, "usage"],
    [{ request_id, usage: [one, one] }, "usage"],
    [{ request_id, usage: [{ ...one, kind: "love" }] }, "usage[0].kind"],
    [{ request_id, usage: [{ ...one, quantity: -1 }] }, "usage[0].quantity"],
    [{ request_id, usage: [{ ...one, quantity: "1" }] }, "usage[0].quantity"],
    [{ request_id, usage: [{ ...one, quantity: 1e9 + 1 }] }, "usage[0].quantity"],
    [{ request_id, usage: [{ ...one, quantity: 0.1234567 }] }, "usage[0].quantity"],
    [{ request_id, usage: [{ ...one, unit: "" }] }, "usage[0].unit"],
    [{ request_id, usage: [{ ...one, unit: "x".repeat(41) }] }, "usage[0].unit"],
    [{ request_id, usage: [{ ...one, amount_minor: -1 }] }, "usage[0].amount_minor"],
    [{ request_id, usage: [{ ...one, amount_minor: 0.5 }] }, "usage[0].amount_minor"],
    [{ request_id, usage: [{ ...one, amount_minor: 2 ** 60 }] }, "usage[0].amount_minor"],
    [{ request_id, usage: [{ ...one, currency: "euro" }] }, "usage[0].currency"],
    [{ request_id, usage: [{ ...one, colour: 1 }] }, "usage[0].colour"],
    [{ request_id, detail: "x" }, "detail"],
    [{ request_id, detail: { a: "x".repeat(16_384) } }, "detail"],
    [{ request_id, user_id: admin.id }, "user_id"],
  ];
  for (const [body, field] of rows) {
    const refused = await ask("POST", `/sessions/${session}/turns`, { as: "service", body });
    const told = JSON.stringify([body, refused.body]).slice(0, 500);
    assertDeepEquals([refused.status, refused.body.error?.code], [400, "invalid_body"], told);
    assert(refused.body.error.message.startsWith(`${field}: `), told);
  }
  assertDeepEquals([await turnsOf(session), await billFor(request_id)], [[], []]);
  const most = { ...one, quantity: 1e9 };
  assertEquals((await report(session, "service", { request_id, usage: [most] })).status, 201);
});
