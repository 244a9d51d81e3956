/** Each denial beside an allowed twin. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { type Answered, ask, connect, createWorld, type Someone } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const other = await createWorld(sql);
const { agent, workspace, owner, admin, member, guest, outsider } = world;
Deno.test.afterAll(() => sql.end());

const fresh = { "x-consistency": "fresh" };

function access(as: Someone, of = agent, headers: Record<string, string> = fresh) {
  return ask("GET", `/agents/${of}/access`, { as, headers });
}
function grant(as: Someone, to: Someone, body: Record<string, unknown> = {}) {
  return ask("PUT", `/agents/${agent}/access/${to.id}`, { as, body });
}
function revoke(as: Someone, from: Someone) {
  return ask("DELETE", `/agents/${agent}/access/${from.id}`, { as });
}
function brief({ status, body }: Answered) {
  return [status, body.error?.code ?? body.allowed, body.reason ?? null];
}

Deno.test("owners and admins may use the workspace's agents, members and guests once granted", async () => {
  assertDeepEquals(brief(await access(owner)), [200, true, "administers_workspace"]);
  assertDeepEquals(brief(await access(admin)), [200, true, "administers_workspace"]);
  for (const person of [member, guest]) {
    assertDeepEquals(brief(await access(person)), [200, false, "not_granted"]);
    assertDeepEquals(brief(await grant(admin, person)), [200, true, "granted"]);
    assertDeepEquals(brief(await access(person)), [200, true, "granted"]);
    assertDeepEquals(brief(await revoke(admin, person)), [200, false, "not_granted"]);
    assertDeepEquals(brief(await access(person)), [200, false, "not_granted"]);
  }
});

Deno.test("an agent of another workspace does not exist, like one that does not", async () => {
  const unknown = await access(outsider, crypto.randomUUID());
  for (const answered of [await access(outsider), await access(other.owner), unknown]) {
    assertEquals(answered.status, 404);
    assertDeepEquals(answered.body, unknown.body);
  }
});

Deno.test("only admins of its workspace grant and revoke", async () => {
  assertDeepEquals(brief(await grant(member, member)), [403, "forbidden", null]);
  assertDeepEquals(brief(await grant(guest, guest)), [403, "forbidden", null]);
  assertDeepEquals(brief(await grant(outsider, outsider)), [404, "not_found", null]);
  assertDeepEquals(brief(await grant(other.owner, member)), [404, "not_found", null]);
  assertDeepEquals(brief(await access(member)), [200, false, "not_granted"]);
  assertDeepEquals(brief(await grant(owner, member)), [200, true, "granted"]);
  assertDeepEquals(brief(await revoke(member, member)), [403, "forbidden", null]);
  assertDeepEquals(brief(await revoke(other.owner, member)), [404, "not_found", null]);
  assertDeepEquals(brief(await access(member)), [200, true, "granted"]);
  assertDeepEquals(brief(await revoke(owner, member)), [200, false, "not_granted"]);
});

Deno.test("an explicit no holds against an admin's standing right", async () => {
  assertDeepEquals(brief(await grant(owner, admin, { can_use: false })), [200, false, "denied"]);
  assertDeepEquals(brief(await access(admin)), [200, false, "denied"]);
  assertDeepEquals(brief(await revoke(owner, admin)), [200, true, "administers_workspace"]);
  assertDeepEquals(brief(await access(admin)), [200, true, "administers_workspace"]);
});

Deno.test("a permission ends at its time, although the answer was kept", async () => {
  const person = await world.addPerson("member");
  const ends = new Date(Date.now() + 1500).toISOString();
  await grant(admin, person, { expires_at: ends });
  const before = await access(person, agent, {});
  assertDeepEquals(brief(before), [200, true, "granted"]);
  assertEquals(Date.parse(before.body.until), Date.parse(ends));
  await new Promise((resolve) => setTimeout(resolve, Date.parse(ends) - Date.now() + 20));
  assertDeepEquals(brief(await access(person, agent, {})), [200, false, "expired"]);
});

Deno.test("each change says its revision, and at-least that revision sees it", async () => {
  const person = await world.addPerson("member");
  await access(person, agent, {}); // a denial that is kept
  const granted = await grant(admin, person);
  assertEquals(granted.status, 200);
  const seen = await access(person, agent, {
    "x-consistency": `at-least:${granted.body.revision}`,
  });
  assertDeepEquals(brief(seen), [200, true, "granted"]);
  assert(seen.body.revision >= granted.body.revision);
  const revoked = await revoke(admin, person);
  assert(revoked.body.revision > granted.body.revision);
  const same = await revoke(admin, person);
  assertEquals(same.body.revision, revoked.body.revision, "nothing changed, nothing was raised");
});

Deno.test("a revision that never was is answered with the truth, not with an error", async () => {
  assertDeepEquals(brief(await access(owner, agent, { "x-consistency": "at-least:999999" })), [
    200,
    true,
    "administers_workspace",
  ]);
});

Deno.test("admins ask about others and see the row that decided; nobody else does", async () => {
  await grant(admin, member, { reason: "trial" });
  const about = (as: Someone) => ask("GET", `/agents/${agent}/access?user=${member.id}`, { as });
  const asked = await about(owner);
  assertDeepEquals(brief(asked), [200, true, "granted"]);
  assertEquals(asked.body.decided_by.reason, "trial");
  assertEquals(asked.body.decided_by.granted_by, admin.id);
  for (const person of [guest, outsider, other.owner]) {
    assertDeepEquals(brief(await about(person)), [404, "not_found", null]);
  }
  assertEquals((await about(member)).status, 200, "oneself is not another");
  await revoke(admin, member);
});

Deno.test("a hundred pairs are answered in their order", async () => {
  await grant(admin, member);
  const mine = await world.addAgent();
  const asked = [
    { agent_id: agent },
    { agent_id: mine },
    { agent_id: other.agent },
    { agent_id: crypto.randomUUID() },
  ];
  const pairs = Array.from({ length: 100 }, (_, place) => asked[place % asked.length]);
  const answered = await ask("POST", "/agents/access/check", {
    as: member,
    body: { pairs },
    headers: fresh,
  });
  assertEquals(answered.status, 200);
  assertEquals(answered.body.results.length, 100);
  const expected = [[true, "granted"], [false, "not_granted"], [false, "unknown_agent"], [
    false,
    "unknown_agent",
  ]];
  answered.body.results.forEach(
    (result: { agent_id: string; allowed: boolean; reason: string }, place: number) => {
      assertEquals(result.agent_id, pairs[place]?.agent_id);
      assertDeepEquals([result.allowed, result.reason], expected[place % 4]);
    },
  );
  await revoke(admin, member);
});

Deno.test("pairs about others need an admin of every agent among them", async () => {
  const check = (as: Someone, of: string[]) =>
    ask("POST", "/agents/access/check", {
      as,
      body: { pairs: of.map((agent_id) => ({ agent_id, user_id: guest.id })) },
    });
  const allowed = await check(admin, [agent]);
  assertDeepEquals(
    allowed.body.results.map((r: { allowed: boolean; reason: string }) => [r.allowed, r.reason]),
    [[false, "not_granted"]],
  );
  for (
    const refused of [
      await check(member, [agent]),
      await check(outsider, [agent]),
      await check(admin, [agent, other.agent]),
      await check(admin, [agent, crypto.randomUUID()]),
    ]
  ) assertDeepEquals(brief(refused), [403, "forbidden", null]);
});

Deno.test("my agents are listed by name, a page at a time, without their endpoints", async () => {
  const world = await createWorld(sql);
  for (const name of ["Zoe", "Ada", "Ada", "Mia"]) await world.addAgent({ name });
  await world.addAgent({ name: "Archived", status: "archived" });
  const names: string[] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const page: Answered = await ask("GET", `/agents?limit=2${after}`, { as: world.owner });
    assertEquals(page.status, 200);
    assert(page.body.agents.length <= 2);
    for (const one of page.body.agents) {
      names.push(one.name);
      assert(!("endpoint_url" in one));
    }
    cursor = page.body.next_cursor;
  } while (cursor);
  assertDeepEquals(names, ["Ada", "Ada", "An agent", "Mia", "Zoe"]);
  assertDeepEquals((await ask("GET", "/agents", { as: world.member })).body.agents, []);
});

Deno.test("who granted, revoked and asked for it is in the audit log", async () => {
  const person = await world.addPerson("member");
  await grant(admin, person);
  await revoke(owner, person);
  const entries = await sql<{ action: string; actor_id: string; agent_id: string }[]>`
    select action, actor_id, agent_id from public.audit_log
    where workspace_id = ${workspace} and subject_id = ${person.id} and subject_type = 'permission'
    order by id`;
  assertDeepEquals([...entries].map((one) => ({ ...one })), [
    { action: "permission.created", actor_id: admin.id, agent_id: agent },
    { action: "permission.removed", actor_id: owner.id, agent_id: agent },
  ]);
});

Deno.test("answers carry the limits, and browsers of any origin may read them", async () => {
  const plain = await access(owner);
  assertEquals(plain.headers.get("ratelimit-limit"), "6000");
  assert(Number(plain.headers.get("ratelimit-remaining")) < 6000);
  assert(Number(plain.headers.get("ratelimit-reset")) <= 60);
  assertEquals(plain.headers.get("access-control-allow-origin"), null);
  const origin = { origin: "https://app.example" };
  for (
    const answered of [await access(owner, agent, origin), await access(outsider, agent, origin)]
  ) {
    assertEquals(answered.headers.get("access-control-allow-origin"), "*");
    assert(answered.headers.get("access-control-expose-headers")?.includes("ratelimit-limit"));
  }
  const preflight = await ask("OPTIONS", `/agents/${agent}/access`, { headers: origin });
  assertEquals(preflight.status, 204);
  assert(preflight.headers.get("access-control-allow-headers")?.includes("x-consistency"));
});
