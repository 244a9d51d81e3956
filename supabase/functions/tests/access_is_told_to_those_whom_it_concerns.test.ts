/**
 * Who is told what about access, by `POST /access/v1/…` and `GET /agents/:id/access`: the service all, admins about
 * their workspace, a person about themselves, an agent about itself and whom it acts for. Each denial beside an
 * allowed twin.
 */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { addConsent, addCredential, asAgent } from "./agent-tokens.ts";
import { rateLimitDefaults } from "../_shared/rate-limits.ts";
import { app as access } from "../access/index.ts";
import { ask, connect, createWorld, type Someone, startIsolate } from "./world.ts";

const sql = connect();
Deno.test.afterAll(() => sql.end());
const world = await createWorld(sql);
const other = await createWorld(sql);
const { agent, workspace, admin, member, guest } = world;
const scopes = ["memory:read", "knowledge:read", "work:emails"];
const credential = await addCredential(sql, agent, scopes);
await addConsent(sql, agent, member.id, ["memory:read"]);
await sql`
  insert into public.permissions (user_id, agent_id, workspace_id)
  values (${member.id}, ${agent}, ${workspace})`;
const delegate = await asAgent(agent, credential, ["memory:read"], member.id);
const itself = await asAgent(agent, credential, scopes);
const second = await world.addAgent();

interface Asked {
  subject: unknown;
  action: string;
  resource: unknown;
  context?: unknown;
}
async function decide(as: Someone | "service", { action, ...rest }: Asked) {
  const body = { ...rest, action: { name: action } };
  const { status, body: answered } = await ask("POST", "/access/v1/evaluation", { as, body });
  assertEquals(status, 200, JSON.stringify(answered));
  return answered as {
    decision: boolean;
    context: { reason: string; decided_by?: { table: string } };
  };
}
const user = ({ id }: Someone) => ({ type: "user", id });
const its = (id: string) => ({ type: "agent", id });
const home = { type: "workspace", id: workspace };
const use = (subject: unknown, of = agent): Asked => ({
  subject,
  action: "use",
  resource: its(of),
});
const recall = (subject: unknown, act?: string, resource: unknown = home): Asked => ({
  subject,
  action: "memory:read",
  resource,
  ...(act ? { context: { agent: act } } : {}),
});

Deno.test("who may use an agent is told to the person, their admins and the service", async () => {
  for (const as of [member, admin, world.owner, "service"] as const) {
    const { decision, context } = await decide(as, use(user(member)));
    assertDeepEquals([decision, context.reason, context.decided_by?.table], [
      true,
      "granted",
      "permissions",
    ]);
  }
  assertEquals((await decide(guest, use(user(guest)))).context.reason, "not_granted");
  for (const as of [guest, world.outsider, other.owner]) {
    assertDeepEquals(await decide(as, use(user(member))), {
      decision: false,
      context: { reason: "not_found" },
    });
  }
});

Deno.test("a denial says nothing of what there is: unknown, another tenant's, not one's own", async () => {
  const alike = { decision: false, context: { reason: "not_found" } };
  const asked: [Someone, Asked][] = [
    [member, use(user(member), crypto.randomUUID())],
    [member, use(user(member), other.agent)],
    [member, use(user(other.member))],
    [member, use(user({ id: crypto.randomUUID(), token: "" }))],
    [admin, use(user(other.member), other.agent)],
    [member, recall(user(member), other.agent)],
    [member, recall(user(member), crypto.randomUUID())],
    [member, recall(user(member), agent, { type: "workspace", id: other.workspace })],
    [member, recall(user(member), undefined, { type: "workspace", id: other.workspace })],
    [member, recall(user(member), undefined, { type: "workspace", id: crypto.randomUUID() })],
    [member, recall(its(agent))],
    [delegate, recall(its(second))],
    [delegate, recall(user(admin))],
    [delegate, recall(user(member), second)],
    [delegate, recall(user(member), agent, { type: "workspace", id: other.workspace })],
    [itself, recall(user(member))],
    [itself, recall(its(other.agent))],
  ];
  for (const [as, question] of asked) {
    assertDeepEquals(await decide(as, question), alike, JSON.stringify(question));
  }
  // The service is told apart what nobody else is.
  assertEquals(
    (await decide("service", use(user(member), crypto.randomUUID()))).context.reason,
    "unknown_agent",
  );
  assertEquals(
    (await decide("service", use(user(member), other.agent))).context.reason,
    "not_a_member",
  );
});

Deno.test("a person through an agent: which of all that are asked decides", async () => {
  for (const as of [member, admin, "service"] as const) {
    const { decision, context } = await decide(as, recall(user(member), agent));
    assertDeepEquals([decision, context.reason, context.decided_by?.table], [
      true,
      "consented",
      "agent_consents",
    ]);
  }
  const read = { ...recall(user(member), agent), action: "knowledge:read" };
  assertEquals((await decide(member, read)).context.reason, "consent_required");
  const write = { ...recall(user(member), agent), action: "knowledge:write" };
  assertEquals((await decide(member, write)).context.reason, "credential_required");
  assertEquals((await decide(guest, recall(user(guest), agent))).context.reason, "not_granted");
  assertEquals((await decide("service", recall(its(agent)))).context.reason, "credential");
  assertEquals(
    (await decide("service", recall(user(member)))).context.reason,
    "belongs_to_workspace",
  );
});

Deno.test("an agent is told about itself, narrowed to its token, and not who decided", async () => {
  const told = await decide(delegate, recall(user(member)));
  assertDeepEquals(told, {
    decision: true,
    context: { reason: "consented", decided_by: { table: "agent_consents" } },
  });
  await addConsent(sql, agent, member.id, ["memory:read", "knowledge:read"]);
  const read = { ...recall(user(member)), action: "knowledge:read" };
  assertDeepEquals(await decide(delegate, read), {
    decision: false,
    context: { reason: "insufficient_scope" },
  });
  const wider = await asAgent(agent, credential, scopes, member.id);
  assertEquals((await decide(wider, read)).decision, true);
  assertEquals(
    (await decide(itself, { ...recall(its(agent)), action: "work:emails" })).decision,
    true,
  );
  assertEquals(
    (await decide(itself, { ...recall(its(agent)), action: "work:letters" })).decision,
    false,
  );
  assertEquals((await decide(delegate, use(user(member)))).context.reason, "not_for_this_actor");
});

Deno.test("tables, functions and routes are what their scopes are", async () => {
  const open: [string, string, string, boolean][] = [
    ["table", "memories", "select", true],
    ["table", "memories", "delete", false],
    ["table", "members", "select", false],
    ["function", "recall", "rpc", true],
    ["function", "delete_workspace", "rpc", false],
    ["route", "/memory/search", "POST", true],
    ["route", "/memory", "POST", false],
    ["route", "/account/erase", "POST", false],
    // This takes conversations:read too, which nobody gave.
    ["route", "/context/5", "GET", false],
  ];
  for (const [type, id, action, expected] of open) {
    const asked = { subject: user(member), action, resource: { type, id }, context: { agent } };
    assertEquals((await decide("service", asked)).decision, expected, `${action} ${id}`);
    assertEquals(
      (await decide(delegate, asked)).decision,
      expected,
      `${action} ${id}, by its token`,
    );
  }
  const claim = (queue: string) => ({
    subject: its(agent),
    action: "POST",
    resource: { type: "route", id: `/work/${queue}/claim` },
  });
  assertEquals((await decide("service", claim("emails"))).decision, true);
  assertEquals((await decide("service", claim("letters"))).decision, false);
  const withPerson = { ...claim("emails"), subject: user(member), context: { agent } };
  assertEquals((await decide("service", withPerson)).decision, false, "work is done as itself");
});

Deno.test("what is revoked is denied by the next answer", async () => {
  const spare = await addCredential(sql, second, ["memory:read"]);
  const token = await asAgent(second, spare, ["memory:read"]);
  assertEquals((await decide(token, recall(its(second)))).decision, true);
  await sql`delete from public.agent_credentials where id = ${spare}`;
  const { decision, context } = await decide(token, recall(its(second)));
  assertDeepEquals([decision, context.reason], [false, "credential_required"]);
});

Deno.test("a search finds what an evaluation allows, and only what the asker may ask about", async () => {
  const found = async (as: Someone | "service", kind: string, body: unknown) => {
    const answered = await ask("POST", `/access/v1/search/${kind}`, { as, body });
    assertEquals(answered.status, 200, JSON.stringify(answered.body));
    return answered.body.results.map(({ id, name }: { id?: string; name?: string }) => id ?? name);
  };
  const whoUses = { subject: { type: "user" }, action: { name: "use" }, resource: its(agent) };
  const all = [member.id, admin.id, world.owner.id].sort();
  assertDeepEquals(await found("service", "subject", whoUses), all);
  assertDeepEquals(await found(admin, "subject", whoUses), all);
  assertDeepEquals(await found(member, "subject", whoUses), [member.id]);
  for (const as of [guest, other.owner, delegate, itself]) {
    assertDeepEquals(await found(as, "subject", whoUses), []);
  }
  const through = {
    ...whoUses,
    action: { name: "memory:read" },
    resource: home,
    context: { agent },
  };
  for (const as of ["service", admin, delegate] as const) {
    assertDeepEquals(await found(as, "subject", through), [member.id]);
  }
  const whatMember = {
    subject: user(member),
    action: { name: "use" },
    resource: { type: "agent" },
  };
  for (const as of ["service", admin, member] as const) {
    assertDeepEquals(await found(as, "resource", whatMember), [agent]);
  }
  assertDeepEquals(await found(other.owner, "resource", whatMember), []);
  const which = { subject: its(agent), resource: home };
  assertDeepEquals(await found(itself, "action", which), scopes.toSorted());
  assertDeepEquals(await found(delegate, "action", { ...which, subject: user(member) }), [
    "memory:read",
  ]);
  assertDeepEquals(await found(member, "action", which), []);
  const tables = { subject: user(member), action: { name: "select" }, resource: { type: "table" } };
  assertDeepEquals(
    await found(delegate, "resource", tables),
    ["agent_memory", "agent_memory_history", "memories", "memory_sources"],
  );
});

Deno.test("GET /agents/:id/access answers about a scope, for a person or as itself", async () => {
  const about = async (as: Someone, query: string, of = agent) => {
    const { status, body } = await ask("GET", `/agents/${of}/access${query}`, { as });
    return [status, body.allowed ?? body.error.code, body.reason ?? null];
  };
  const asked: [Someone, string, unknown[]][] = [
    [member, "?scope=memory:read", [200, true, "consented"]],
    [member, "?scope=knowledge:write", [200, false, "credential_required"]],
    [member, "?scope=everything", [422, "invalid_scope", null]],
    [member, "?scope=memory:read&as=itself", [404, "not_found", null]],
    [member, `?scope=memory:read&user=${admin.id}`, [404, "not_found", null]],
    [member, "?as=itself", [400, "invalid_parameter", null]],
    [admin, `?scope=memory:read&user=${member.id}`, [200, true, "consented"]],
    [admin, "?scope=memory:read&as=itself", [200, true, "credential"]],
    [admin, "?scope=memory:read", [200, false, "consent_required"]],
    [guest, "?scope=memory:read", [200, false, "not_granted"]],
    [other.owner, "?scope=memory:read", [404, "not_found", null]],
    [delegate, "", [200, true, "granted"]],
    [delegate, "?scope=memory:read", [200, true, "consented"]],
    [delegate, "?scope=knowledge:read", [200, false, "insufficient_scope"]],
    [delegate, `?user=${admin.id}`, [404, "not_found", null]],
    [itself, "?scope=memory:read", [200, true, "credential"]],
  ];
  for (const [as, query, expected] of asked) {
    assertDeepEquals(await about(as, query), expected, query);
  }
  assertDeepEquals(await about(member, "?scope=memory:read", other.agent), [
    404,
    "not_found",
    null,
  ]);
  assertDeepEquals(await about(itself, "?scope=memory:read", second), [404, "not_found", null]);
  const named = await ask("GET", `/agents/${agent}/access?scope=memory:read&user=${member.id}`, {
    as: admin,
  });
  assertEquals(named.body.decided_by.user_id, member.id);
});

Deno.test("without a credential, and with a token for somebody else, nothing is told", async () => {
  const body = { subject: user(member), action: { name: "use" }, resource: its(agent) };
  assertEquals((await ask("POST", "/access/v1/evaluation", { as: "nobody", body })).status, 401);
  const answered = await ask("POST", "/access/v1/evaluations", { as: member, body });
  assert(answered.headers.get("ratelimit-remaining"), "and what is asked is counted");
});

Deno.test("a batch costs its asker what its parts would, and nobody else", async () => {
  await using isolate = startIsolate({ rateLimits: { ...rateLimitDefaults, check: 10 } });
  const batch = (as: Someone, count: number) =>
    isolate.ask(access, "POST", "/access/v1/evaluations", {
      as,
      body: {
        subject: user(as),
        action: { name: "use" },
        resource: { type: "agent", id: agent },
        evaluations: Array(count).fill({}),
      },
    });
  const beyond = await batch(member, 11);
  assertDeepEquals([beyond.status, beyond.body.error.code], [429, "rate_limited"]);
  assertEquals((await batch(admin, 10)).status, 200);
});
