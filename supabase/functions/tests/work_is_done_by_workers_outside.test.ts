import { createClient } from "@supabase/supabase-js";
import {
  type Claimed,
  httpTransport,
  postgresTransport,
  rpcTransport,
  runWorker,
  type Transport,
  WorkError,
} from "../../../types/worker.ts";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { withQueue } from "./queues.ts";
import { ask, connect, createWorld, environment } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, admin } = world;
Deno.test.afterAll(() => sql.end());

const key = environment.secretKeys.default ?? "";
const client = createClient(environment.url, key, { auth: { persistSession: false } });
const transports: Record<string, Transport> = {
  "HTTP": httpTransport({ url: environment.url, key }),
  "supabase-js": rpcTransport(client),
  "a connection": postgresTransport(sql),
};
const bounded = ", constraint outcome_is_short check (length(outcome) <= 100)";

const say = (queue: string, verb: string, body: unknown) =>
  ask("POST", `/work/${queue}/${verb}`, { as: "service", body });
const items = (count: number, more: Record<string, unknown> = {}) =>
  Array.from({ length: count }, (_, n) => ({
    workspace_id: workspace,
    title: `job ${n + 1}`,
    ...more,
  }));
const rowsOf = (queue: string) =>
  sql<
    {
      id: number;
      title: string;
      status: string;
      attempts: number;
      outcome: string | null;
      last_error: string | null;
    }[]
  >`
    select id, title, status, attempts, outcome, last_error from public.${sql(queue)} order by id`;

for (const [way, transport] of Object.entries(transports)) {
  Deno.test(`over ${way} a worker does what is due, and says what became of it`, async () => {
    await withQueue(sql, async (queue) => {
      // One attempt: what fails must not come back while the test runs.
      const added = await say(queue, "enqueue", { items: items(30, { max_attempts: 1 }) });
      assertEquals(added.status, 201);
      const ran: Claimed[] = [];
      const errors: unknown[] = [];
      await runWorker({
        queue,
        transport,
        name: "tests",
        concurrency: 4,
        batch: 7,
        lease: 60,
        untilEmpty: true,
        poll: { least: 0.01, most: 0.05 },
        onError: (error) => errors.push(error),
        handler: (job) => {
          ran.push(job);
          if (job.work.title === "job 3") throw new Error("boom");
          if (job.work.title === "job 4") return { fail: "no such number", retry: false };
          if (job.work.title === "job 5") {
            return { snooze: new Date("2100-01-01T00:00:00Z"), reason: "not in this century" };
          }
          if (job.work.title === "job 6") return { outcome: { outcome: "x".repeat(101) } };
          if (job.work.title === "job 7") return { fail: "busy", retryIn: 3600 };
          return { outcome: { outcome: `well: ${job.work.title}` } };
        },
      }).finished;
      assertEquals(ran.length, 30);
      assertEquals(new Set(ran.map(({ id }) => id)).size, 30);
      assertDeepEquals(
        [typeof ran[0]?.id, ran[0]?.workspace_id, ran[0]?.attempts, ran[0]?.max_attempts],
        ["number", workspace, 1, 1],
      );
      assert(Date.parse(ran[0]?.lease_expires_at ?? "") > Date.now());
      const rows = await rowsOf(queue);
      const told = rows.map((row) =>
        [row.status, row.attempts, row.outcome ?? row.last_error].join(" ")
      );
      assertDeepEquals(told.slice(2, 7), [
        "failed 1 Error: boom",
        "failed 1 no such number",
        "pending 0 not in this century",
        told[5],
        "failed 1 busy",
      ]);
      assert(/^failed 1 the outcome was refused: .*outcome_is_short/.test(told[5] ?? ""), told[5]);
      assertDeepEquals(
        told.filter((_, n) => n < 2 || n > 6),
        rows.filter((_, n) => n < 2 || n > 6).map(({ title }) => `done 1 well: ${title}`),
      );
      // A busy machine may have no connection free for a moment: the worker asks again.
      const refusals = errors.filter((error) => (error as WorkError).code !== "unavailable");
      assertEquals(refusals.length, 1, "the outcome that was refused");
    }, { more: bounded });
  });

  Deno.test(`over ${way} refusals have their codes`, async () => {
    await withQueue(sql, async (queue) => {
      await say(queue, "enqueue", { items: items(2) });
      const [first, second] = await transport.claim(queue, "tests", 2, 60);
      assert(first && second);
      const codeOf = async (work: Promise<unknown>) => {
        try {
          await work;
          return "ok";
        } catch (error) {
          assert(error instanceof WorkError, `${error}`);
          return [error.code, ...error.lost].join(" ");
        }
      };
      const held = { token: first.claim_token, ids: [first.id, second.id] };
      assertEquals(await codeOf(transport.heartbeat(queue, held, 30)), "ok");
      await say(queue, "cancel", { ids: [second.id] });
      const lost = `lease_lost ${second.id}`;
      assertEquals(await codeOf(transport.heartbeat(queue, held, 30)), lost);
      assertEquals(await codeOf(transport.complete(queue, held, {})), lost);
      assertEquals(await codeOf(transport.fail(queue, held, "boom", {})), lost);
      assertEquals(await codeOf(transport.snooze(queue, held, new Date())), lost);
      assertEquals((await rowsOf(queue))[0]?.status, "in_progress", "all or nothing");
      const one = { token: first.claim_token, ids: [first.id] };
      assertEquals(await codeOf(transport.complete(queue, one, { colour: 1 })), "unknown_outcome");
      assertEquals(await codeOf(transport.complete(queue, one, {})), "ok");
      assertEquals(await codeOf(transport.complete(queue, one, {})), "ok", "said again");
      assertEquals(await codeOf(transport.claim("nothing", "tests", 1, 30)), "unknown_queue");
      assertEquals(await codeOf(transport.claim(queue, "tests", 1, 30)), "ok", "nothing is due");
    });
  });
}

Deno.test("the grammar over HTTP answers in numbers and times", async () => {
  await withQueue(sql, async (queue) => {
    const added = await say(queue, "enqueue", { items: items(3, { dedupe_key: "k" }) });
    assertEquals(added.status, 201);
    assertDeepEquals(
      added.body.items.map((item: { is_new: boolean }) => item.is_new),
      [true, false, false],
    );
    const again = await say(queue, "enqueue", { items: items(1, { dedupe_key: "k" }) });
    assertDeepEquals([again.status, again.body.items[0].id], [200, added.body.items[0].id]);

    const claimed = await say(queue, "claim", { worker: "w", batch: 10, lease: 60 });
    assertEquals(claimed.status, 200);
    const [job] = claimed.body.work;
    assertDeepEquals([claimed.body.work.length, job.work], [1, {
      title: "job 1",
      outcome: null,
      traceparent: null,
    }]);
    const held = { claim_token: job.claim_token, ids: [job.id] };
    const beat = await say(queue, "heartbeat", { ...held, lease: 120 });
    assert(Date.parse(beat.body.lease_expires_at) > Date.parse(job.lease_expires_at));
    assertDeepEquals(
      (await say(queue, "snooze", { ...held, until: "2001-01-01T00:00:00Z" })).body,
      {
        snoozed: 1,
      },
    );
    const { body } = await say(queue, "claim", { worker: "w" });
    const holds = { claim_token: body.work[0].claim_token, ids: [job.id] };
    const late = await say(queue, "complete", held);
    assertDeepEquals([late.status, late.body.error.code], [409, "lease_lost"]);
    assertEquals(late.body.error.hint, `Lost: ${job.id}`);
    const failed = await say(queue, "fail", {
      ...holds,
      error: `bo\0om ${"x".repeat(30_000)}`,
      retry: false,
    });
    assertDeepEquals(failed.body, { failed: 1 });
    assertDeepEquals((await say(queue, "redrive", {})).body, { redriven: 1 });
    assertDeepEquals((await say(queue, "cancel", { ids: [job.id] })).body, { cancelled: 1 });
    assertDeepEquals((await say(queue, "redrive", { ids: [job.id] })).body, { redriven: 1 });
    const third = (await say(queue, "claim", { worker: "w" })).body.work[0];
    const done = { claim_token: third.claim_token, ids: [job.id], outcome: { outcome: "we\0ll" } };
    assertDeepEquals((await say(queue, "complete", done)).body, { completed: 1 });
    assertDeepEquals((await say(queue, "complete", done)).body, { completed: 0 });
    assertDeepEquals((await say(queue, "claim", { worker: "w" })).body, { work: [] });
  });
});

Deno.test("values that the queue's table refuses are answered 422, and nothing is written", async () => {
  await withQueue(sql, async (queue) => {
    const codes = await Promise.all([
      [{ workspace_id: workspace, priority: 101 }],
      [{ workspace_id: workspace }, { title: "of nobody" }],
      [{ workspace_id: "nowhere" }],
      [{ workspace_id: workspace, outcome: "x".repeat(101) }],
      [{ workspace_id: workspace, colour: 1 }],
    ].map(async (wrong) => {
      const { status, body } = await say(queue, "enqueue", { items: wrong });
      return [status, body.error.code, body.error.message].join(" ");
    }));
    assertDeepEquals(codes, [
      "422 invalid_items The table refuses it: priority_is_between_minus_100_and_100.",
      "422 invalid_items workspace_id: is missing",
      "422 invalid_items A value does not fit its column.",
      "422 invalid_items The table refuses it: outcome_is_short.",
      "422 unknown_column Items name what cannot be set.",
    ]);
    assertEquals((await rowsOf(queue)).length, 0);
  }, { more: bounded });
});

Deno.test("people claim nothing, whichever way they come", async () => {
  await withQueue(sql, async (queue) => {
    for (const as of [admin, world.owner, "nobody"] as const) {
      const refused = await ask("POST", `/work/${queue}/claim`, { as, body: { worker: "w" } });
      assertDeepEquals([refused.status, refused.body.error.code], [401, "not_authenticated"]);
    }
    const person = createClient(environment.url, environment.publishableKeys.default ?? "", {
      auth: { persistSession: false },
      global: { headers: { authorization: `Bearer ${admin.token}` } },
    });
    const { error } = await person.rpc("claim_work", { queue, worker: "w" });
    assertEquals(error?.code, "42501");
  });
});
