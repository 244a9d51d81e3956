import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { app as health } from "../health/index.ts";
import { withQueue } from "./queues.ts";
import { ask, connect, createWorld, environment, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const other = await createWorld(sql);
const { workspace, owner, admin, member, guest, outsider } = world;
Deno.test.afterAll(() => sql.end());

function entry(changes: Record<string, unknown> = {}) {
  return { workspace_id: workspace, action: "report.exported", ...changes };
}

Deno.test("a person writes as oneself into one's own workspace, a guest too, an outsider not", async () => {
  const written = await ask("POST", "/audit", {
    as: guest,
    body: entry({ subject_type: "report", subject_id: "7", detail: { pages: 3 } }),
  });
  assertEquals(written.status, 201);
  const [row] = await sql`
    select actor_id, action, subject_type, subject_id, detail, workspace_id from public.audit_log
    where id = ${written.body.entries[0].id}`;
  assertDeepEquals({ ...row }, {
    actor_id: guest.id,
    action: "report.exported",
    subject_type: "report",
    subject_id: "7",
    detail: { pages: 3 },
    workspace_id: workspace,
  });
  const refused = await ask("POST", "/audit", { as: outsider, body: entry() });
  assertDeepEquals([refused.status, refused.body.error.code], [404, "not_found"]);
});

Deno.test("500 entries are one request, and sending it again writes none", async () => {
  const mark = crypto.randomUUID();
  const entries = Array.from({ length: 500 }, (_, i) => entry({ request_id: `${mark} ${i}` }));
  const first = await ask("POST", "/audit", { as: member, body: { entries } });
  assertEquals(first.status, 201);
  assert(first.body.entries.every((one: { is_new: boolean }) => one.is_new));
  const again = await ask("POST", "/audit", { as: member, body: { entries } });
  assertEquals(again.status, 200);
  assertDeepEquals(
    again.body.entries.map((one: { id: number }) => one.id),
    first.body.entries.map((one: { id: number }) => one.id),
  );
  const [row] = await sql`
    select count(*) as n from public.audit_log where request_id like ${`${mark} %`}`;
  assertEquals(row?.n, 500);
});

Deno.test("the service names the actor", async () => {
  const written = await ask("POST", "/audit", {
    as: "service",
    body: entry({ actor_id: member.id }),
  });
  assertEquals(written.status, 201);
  const [row] = await sql`
    select actor_id from public.audit_log where id = ${written.body.entries[0].id}`;
  assertEquals(row?.actor_id, member.id);
});

Deno.test("admins and the service verify the chain, members and strangers do not", async () => {
  await sql`select private.seal_audit_log()`;
  const path = `/audit/${workspace}/verify`;
  for (const as of [owner, admin, "service"] as const) {
    const verdict = await ask("GET", path, { as });
    assertEquals(verdict.status, 200);
    assertEquals(verdict.body.is_valid, true);
    assert(verdict.body.entries > 500);
  }
  const whole = (await ask("GET", path, { as: admin })).body;
  const month = new Date().toISOString().slice(0, 7);
  const ofMonth = (await ask("GET", `${path}?month=${month}`, { as: admin })).body;
  const before = (await ask("GET", `${path}?month=2020-01`, { as: admin })).body;
  assertDeepEquals([ofMonth.is_valid, ofMonth.entries], [true, whole.entries]);
  assertDeepEquals([before.is_valid, before.entries, before.seals], [true, 0, whole.seals]);
  assertEquals((await ask("GET", path, { as: member })).body.error.code, "forbidden");
  assertEquals((await ask("GET", path, { as: guest })).status, 403);
  assertEquals((await ask("GET", path, { as: outsider })).status, 404);
  assertEquals((await ask("GET", path, { as: other.owner })).status, 404);
});

Deno.test("a digest kept elsewhere is found in the chain, a foreign one is not", async () => {
  const path = `/audit/${workspace}/verify`;
  const { head_digest } = (await ask("GET", path, { as: owner })).body;
  const found = await ask("GET", `${path}?anchor=${head_digest}`, { as: owner });
  assertEquals(found.body.is_valid, true);
  const foreign = await ask("GET", `${path}?anchor=${"0".repeat(64)}`, { as: owner });
  assertDeepEquals([foreign.body.is_valid, foreign.body.reason], [false, "anchor_missing"]);
});

Deno.test("health is a word for anybody and figures for the service", async () => {
  for (const headers of [{}, { apikey: "sb_secret_wrong" }] as Record<string, string>[]) {
    const told = await ask("GET", "/health", { headers });
    assertEquals(told.status, 200);
    assertDeepEquals(Object.keys(told.body), ["status"]);
    assert(["up", "degraded"].includes(told.body.status));
  }
  const { body } = await ask("GET", "/health", { as: "service" });
  assert(body.database.latency_ms >= 0);
  assertEquals(body.scratchpad.kind, environment.redis ? "redis" : "postgres");
  assert(body.work.jobs.some((job: { name: string }) => job.name === "seal-audit-log"));
  assert(body.work.calls.open >= 0);
  assert(body.work.sealing.lag_seconds >= 0);
});

Deno.test({
  name: "health shows the queues; dead letters and abandoned leases degrade it",
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    await withQueue(sql, async (queue) => {
      const look = async () => {
        await using isolate = startIsolate();
        const { body } = await isolate.ask(health, "GET", "/health", { as: "service" });
        const found = body.work.queues.find((known: { queue: string }) => known.queue === queue);
        return { ...found, status: body.status, troubles: body.troubles };
      };
      const trouble = `dead_letters:${queue}`;
      await sql`select private.enqueue_work(${queue}, ${
        sql.json([{ workspace_id: workspace }, { workspace_id: workspace }])
      })`;
      const [job] = await sql`select * from private.claim_work(${queue}, 'tests')`;
      const before = await look();
      assertDeepEquals([before.pending, before.in_progress, before.failed], [1, 1, 0]);
      assert(!before.troubles.includes(trouble));
      await sql`
        select private.fail_work(${queue}, ${job?.claim_token}, ${`{${job?.id}}`}::bigint[], 'boom', retry => false)`;
      const after = await look();
      assertDeepEquals([after.failed, after.last_failure, after.status], [1, "boom", "degraded"]);
      assert(after.troubles.includes(trouble));
      // What release-expired-work finds is gone when it comes: looked at in one transaction with it.
      await sql`select private.claim_work(${queue}, 'tests')`;
      await sql.begin(async (transaction) => {
        await transaction`update public.${
          sql(queue)
        } set lease_expires_at = now() - interval '2 minutes' where status = 'in_progress'`;
        const [row] = await transaction`select private.work_abandoned() as n`;
        assertEquals(row?.n, 1);
        await transaction`select private.release_expired_work()`;
      });
    });
  },
});

Deno.test({
  name: "without its database health is down, with 503",
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    await using isolate = startIsolate({
      databaseUrl: "postgresql://postgres@127.0.0.1:9/postgres",
      redis: null,
    });
    const told = await isolate.ask(health, "GET", "/health");
    assertDeepEquals([told.status, told.body], [503, { status: "down" }]);
    const figures = await isolate.ask(health, "GET", "/health", { as: "service" });
    assertDeepEquals(figures.body.troubles, ["database_unreachable"]);
  },
});

Deno.test({
  name: "without its Redis health is degraded, and says so",
  ignore: !environment.redis,
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    await using isolate = startIsolate({ redis: { url: "http://127.0.0.1:9", token: "x" } });
    await isolate.services.scratchpad.clear(() => Promise.reject(new Error("down")));
    const told = await isolate.ask(health, "GET", "/health", { as: "service" });
    assertEquals(told.status, 200);
    assertEquals(told.body.status, "degraded");
    assert(told.body.troubles.includes("redis_unreachable"));
    assertEquals(told.body.scratchpad.kind, "postgres");
  },
});
