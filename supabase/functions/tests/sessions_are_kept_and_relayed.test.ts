import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { createFastMemory } from "../_shared/fast-memory.ts";
import { createDatabase } from "../_shared/database.ts";
import { ask, connect, createWorld, environment, mintToken, type Someone } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const other = await createWorld(sql);
const { agent, admin, member, outsider, workspace } = world;
Deno.test.afterAll(() => sql.end());

function open(as: Someone, body: Record<string, unknown> = {}) {
  return ask("POST", "/sessions", { as, body: { agent_id: agent, ...body } });
}
function grant(to: Someone) {
  return ask("PUT", `/agents/${agent}/access/${to.id}`, { as: admin, body: {} });
}
function revoke(from: Someone) {
  return ask("DELETE", `/agents/${agent}/access/${from.id}`, { as: admin });
}
async function entries(session: string) {
  const rows = await sql<{ action: string }[]>`
    select action from public.audit_log where workspace_id = ${workspace} and subject_id = ${session} order by id`;
  return rows.map((row) => row.action);
}

/** Makes the scratchpad forget a session, as a Redis that restarted empty has. */
async function forget(session: string): Promise<void> {
  const database = createDatabase(environment);
  const memory = createFastMemory(environment, database);
  await memory.use((pad) => pad.remove([`session:${session}`]));
  await database.close();
}

interface Line {
  socket: WebSocket;
  heard: string[];
  closed: Promise<{ code: number; reason: string }>;
  said(text: string): Promise<void>;
}

async function call(session: string, token: string, bySubprotocol = false): Promise<Line> {
  const url = new URL(`${environment.url}/functions/v1/sessions/${session}/connect`);
  url.protocol = "ws:";
  if (!bySubprotocol) url.searchParams.set("access_token", token);
  const socket = bySubprotocol
    ? new WebSocket(url, ["groundwork", `access-token.${token}`])
    : new WebSocket(url);
  const heard: string[] = [];
  let wake = () => {};
  socket.onmessage = ({ data }) => {
    heard.push(data);
    wake();
  };
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.onclose = ({ code, reason }) => resolve({ code, reason });
  });
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error("the call was refused"));
  });
  return {
    socket,
    heard,
    closed,
    async said(text) {
      while (!heard.includes(text)) await new Promise<void>((resolve) => wake = resolve);
    },
  };
}

Deno.test("who may use the agent opens a session, who may not does not", async () => {
  const refused = await open(member);
  assertDeepEquals(
    [refused.status, refused.body.error.code, refused.body.error.hint],
    [403, "access_denied", "not_granted"],
  );
  assertEquals((await open(outsider)).body.error.code, "not_found");
  assertEquals((await open(other.owner)).status, 404);
  await grant(member);
  const opened = await open(member);
  assertEquals(opened.status, 201);
  assertEquals(opened.body.endpoint_url, null, "an address inside the cluster stays inside");
  assertDeepEquals(await entries(opened.body.session_id), ["session.opened"]);
  const listed = await ask("GET", "/sessions", { as: member });
  assert(
    listed.body.sessions.some((one: { session_id: string }) =>
      one.session_id === opened.body.session_id
    ),
  );
  await revoke(member);
});

Deno.test("the same request id opens one session", async () => {
  const request_id = crypto.randomUUID();
  const [first, second] = [await open(admin, { request_id }), await open(admin, { request_id })];
  assertEquals(second.body.session_id, first.body.session_id);
  assertDeepEquals(await entries(first.body.session_id), ["session.opened"]);
});

Deno.test("the service opens for somebody, a person only for oneself", async () => {
  const body = { agent_id: agent, user_id: admin.id };
  assertEquals((await ask("POST", "/sessions", { as: "service", body })).status, 201);
  assertEquals((await open(member, { user_id: admin.id })).status, 400);
  assertEquals(
    (await ask("POST", "/sessions", { as: "service", body: { agent_id: agent } })).status,
    400,
  );
});

Deno.test("a session belongs to its person: for everybody else it does not exist", async () => {
  const { session_id } = (await open(admin)).body;
  const paths: [string, string, unknown?][] = [
    ["PUT", `/sessions/${session_id}`, { node: "a" }],
    ["POST", `/sessions/${session_id}/turns`, { request_id: "x" }],
    ["GET", `/sessions/${session_id}/connect`],
    ["DELETE", `/sessions/${session_id}`],
  ];
  for (const [method, path, body] of paths) {
    for (const as of [member, world.owner, outsider]) {
      assertEquals((await ask(method, path, { as, body })).status, 404, `${method} ${path}`);
    }
  }
  assertEquals(
    (await ask("PUT", `/sessions/${session_id}`, { as: admin, body: { node: "a" } })).body.node,
    "a",
  );
  assertDeepEquals(await entries(session_id), ["session.opened"]);
});

Deno.test("a turn is in the audit log and on the bill exactly once, however often it is reported", async () => {
  const { session_id } = (await open(admin)).body;
  const request_id = crypto.randomUUID();
  const body = {
    request_id,
    usage: [
      { kind: "tokens", quantity: 1200, unit: "token", amount_minor: 3, currency: "EUR" },
      { kind: "message", quantity: 1, unit: "message" },
    ],
    detail: { model: "small" },
  };
  const report = () => ask("POST", `/sessions/${session_id}/turns`, { as: "service", body });
  const answers = await Promise.all(Array.from({ length: 8 }, report));
  assertDeepEquals(answers.map(({ status }) => status).toSorted(), [...Array(7).fill(200), 201]);
  assertEquals(new Set(answers.map(({ body }) => body.audit_id)).size, 1);
  assertDeepEquals(await entries(session_id), ["session.opened", "session.turn"]);
  const billed = await sql<{ kind: string; quantity: string; amount_minor: number }[]>`
    select kind, quantity::float8, amount_minor from public.billing_events
    where workspace_id = ${workspace} and request_id = ${request_id} order by kind`;
  assertDeepEquals(billed.map((row) => ({ ...row })), [
    { kind: "message", quantity: 1, amount_minor: 0 },
    { kind: "tokens", quantity: 1200, amount_minor: 3 },
  ]);
  const byPerson = await ask("POST", `/sessions/${session_id}/turns`, {
    as: admin,
    body: { ...body, request_id: crypto.randomUUID() },
  });
  assertEquals(byPerson.status, 400, "what it costs is not the person's to say");
});

Deno.test("a session that the scratchpad forgot is found again", async () => {
  const { session_id } = (await open(admin)).body;
  await forget(session_id);
  const turn = await ask("POST", `/sessions/${session_id}/turns`, {
    as: admin,
    body: { request_id: crypto.randomUUID() },
  });
  assertEquals(turn.status, 201);
  const listed = await ask("GET", "/sessions", { as: admin });
  assert(listed.body.sessions.some((one: { session_id: string }) => one.session_id === session_id));
});

Deno.test("a closed session stays closed, also when the scratchpad forgot that", async () => {
  const { session_id } = (await open(admin)).body;
  const path = `/sessions/${session_id}`;
  assertEquals((await ask("DELETE", path, { as: admin })).body.closed, true);
  assertEquals((await ask("DELETE", path, { as: admin })).body.closed, false);
  const placed = await ask("PUT", path, { as: admin, body: { node: "a" } });
  assertDeepEquals([placed.status, placed.body.error.code], [409, "session_closed"]);
  assertEquals((await ask("GET", `${path}/connect`, { as: admin })).status, 409);
  assertDeepEquals(await entries(session_id), ["session.opened", "session.closed"]);
});

Deno.test("a connection without an upgrade, or without a good token, is answered in words", async () => {
  const { session_id } = (await open(admin)).body;
  const path = `/sessions/${session_id}/connect`;
  assertEquals((await ask("GET", path, { as: admin })).body.error.code, "upgrade_required");
  assertEquals((await ask("GET", path)).body.error.code, "not_authenticated");
  assertEquals((await ask("GET", `${path}?access_token=x`)).body.error.code, "invalid_token");
});

for (const bySubprotocol of [false, true]) {
  Deno.test(`one talks to the agent through the relay, token in the ${bySubprotocol ? "subprotocol" : "URL"}`, async () => {
    const { session_id } = (await open(admin)).body;
    const line = await call(session_id, admin.token, bySubprotocol);
    assertEquals(line.socket.protocol, bySubprotocol ? "groundwork" : "");
    for (const text of ["hello", "é".repeat(1000)]) {
      line.socket.send(text);
      await line.said(text);
    }
    line.socket.close(1000);
    assertEquals((await line.closed).code, 1000);
  });
}

Deno.test("whoever loses the permission loses the connection within two seconds", async () => {
  await grant(member);
  const { session_id } = (await open(member)).body;
  const line = await call(session_id, member.token);
  line.socket.send("hello");
  await line.said("hello");
  await revoke(member);
  const revoked = Date.now();
  assertDeepEquals(await line.closed, { code: 4403, reason: "access_revoked" });
  assert(Date.now() - revoked <= 2100, `${Date.now() - revoked} ms`);
});

Deno.test("a connection ends with its token", async () => {
  const { session_id } = (await open(admin)).body;
  const token = await mintToken(admin.id, { exp: Math.floor(Date.now() / 1000) + 2 });
  const line = await call(session_id, token);
  assertDeepEquals(await line.closed, { code: 4401, reason: "token_expired" });
});

Deno.test("a message above 1 MiB ends the connection", async () => {
  const { session_id } = (await open(admin)).body;
  const line = await call(session_id, admin.token);
  line.socket.send("x".repeat(1024 * 1024 + 1));
  assertEquals((await line.closed).code, 4413);
});

Deno.test("an agent outside of what is allowed is not connected to", async () => {
  const inside = await world.addAgent({ endpoint_url: "https://127.0.0.1/" });
  const { session_id } = (await open(admin, { agent_id: inside })).body;
  const answered = await ask("GET", `/sessions/${session_id}/connect`, {
    as: admin,
    headers: { "x-note": "no upgrade needed: it is refused before" },
  });
  assertEquals(answered.body.error.code, "upgrade_required");
  await call(session_id, admin.token).then(
    () => assert(false, "it was connected"),
    (error: Error) => assertEquals(error.message, "the call was refused"),
  );
});
