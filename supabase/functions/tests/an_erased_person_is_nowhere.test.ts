/**
 * A person who did everything that can be done here is erased, and then looked for: in every column
 * of every table, in every key and value of Redis, in Storage. Beside them a twin, whose address
 * even contains theirs, did the same and keeps everything.
 */
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { roomKey } from "../presence/rooms.ts";
import { bucket, doEverything, type Known, other, signUp, sql, world } from "./busy-person.ts";
import { readFile } from "./stored-files.ts";
import { scanDatabase, scanRedis, type Wanted } from "./traces.ts";
import { ask, environment, startIsolate } from "./world.ts";

const { workspace, agent } = world;

/** Lets the work be done until the request stands as it should; a minute's job may be at it too. */
async function workUntil(receipt: string, wanted: string, settle_seconds: number) {
  await eventually(`the request is ${wanted}`, async () => {
    await sql`
      update public.erasure_requests set scheduled_for = now()
      where receipt = ${receipt} and status = 'pending' and scheduled_for > now()`;
    const worked = await ask("POST", "/account/erasures/work", {
      as: "service",
      body: { settle_seconds, batch: 20 },
    });
    assertEquals(worked.status, 200);
    const { body } = await ask("GET", `/account/erasures/${receipt}`);
    assert(body.status !== "failed", body.cause);
    return wanted === "erased" ? body.erased_at !== null : body.status === wanted;
  });
}

async function verdict(of: string, anchor: string) {
  const [row] = await sql<{ is_valid: boolean; reason: string | null }[]>`
    select is_valid, reason from public.verify_audit_log(${of}, ${anchor})`;
  return [row?.is_valid, row?.reason];
}

async function anchorOf(of: string): Promise<string> {
  const [row] = await sql<{ digest: string }[]>`select digest from public.audit_anchor(${of})`;
  return row?.digest ?? "";
}

/** What the twin has, as a text that must not change; presence and counters end by themselves. */
async function belongings({ id }: Known): Promise<string> {
  const [row] = await sql<{ all: string }[]>`
    select jsonb_build_array(
      (select to_jsonb(u) - 'last_sign_in_at' from auth.users as u where id = ${id}),
      (select to_jsonb(p) from public.profiles as p where user_id = ${id}),
      (select jsonb_agg(to_jsonb(m) order by workspace_id) from public.members as m where user_id = ${id}),
      (select jsonb_agg(to_jsonb(p)) from public.permissions as p where user_id = ${id}),
      (select jsonb_agg(to_jsonb(e) order by e.id) from public.audit_log as e where actor_id = ${id}),
      (select jsonb_agg(to_jsonb(b) order by b.id) from public.billing_events as b where user_id = ${id}),
      (select jsonb_agg(to_jsonb(o) - 'last_accessed_at' order by o.name) from storage.objects as o
        where name like ${`%${id}%`})
    )::text as all`;
  return row?.all ?? "";
}

/** Of both workspaces: is the log whole, seen from now and from an earlier anchor? */
async function verifyLogs(anchors: string[]) {
  for (const [place, anchor] of [[workspace, anchors[0]], [other.workspace, anchors[1]]]) {
    assertDeepEquals(await verdict(place ?? "", anchor ?? ""), [true, null]);
    await sql`select private.seal_audit_log()`;
    assertDeepEquals(await verdict(place ?? "", anchor ?? ""), [true, null]);
  }
}

Deno.test({
  name: "nothing mentions an erased person, and a twin keeps everything",
  sanitizeResources: false,
  sanitizeOps: false,
  async fn(test) {
    const mark = crypto.randomUUID().slice(0, 8);
    const person = await signUp(`Ann.Lee-${mark}@Erase.example`);
    const twin = await signUp(`jo_ann.lee-${mark}@erase.example`);
    const wanted: Wanted = { ...person, not: [twin.email, `x${person.email}`] };
    const done = await doEverything(person);
    await doEverything(twin);
    await sql`select private.seal_audit_log()`;
    const anchors = [await anchorOf(workspace), await anchorOf(other.workspace)];
    assertEquals((await ask("POST", "/account/export", { as: person })).status, 200);
    const kept = await belongings(twin);
    let receipt = "";

    await test.step("before, they are found everywhere: the scan can find them", async () => {
      const before = await scanDatabase(sql, wanted);
      for (
        const table of [
          "audit_log_",
          "billing_events_",
          "members",
          "permissions",
          "invitations",
          "profiles",
          "private.function_calls",
          "private.permission_revisions",
          "private.request_claims",
          "private.scratch_counters",
          "net._http_response",
          "auth.users",
          "auth.identities",
          "storage.objects",
        ]
      ) assert(before.some((found) => found.includes(table)), `the scan finds ${table}`);
      if (environment.redis) assert((await scanRedis(wanted)).length >= 5);
    });

    await test.step("they confirm it with their address, and asked twice is asked once", async () => {
      const erase = (confirm: string) =>
        ask("POST", "/account/erase", { as: person, body: { confirm } });
      const refused = await erase(twin.email);
      assertDeepEquals([refused.status, refused.body.error.code], [422, "not_confirmed"]);
      const asked = await erase(person.email);
      assertEquals(asked.status, 202);
      receipt = asked.body.receipt;
      assertEquals((await erase("erase")).body.receipt, receipt);
    });

    await test.step("until it begins they call it off, and ask again", async () => {
      const path = `/account/erasures/${receipt}`;
      assertEquals((await ask("DELETE", path, { as: twin })).status, 404, "nobody else does");
      for (const _ of [1, 2]) {
        const called = await ask("DELETE", path, { as: person });
        assertDeepEquals([called.status, called.body], [200, { receipt, status: "cancelled" }]);
      }
      assertEquals((await ask("GET", path)).body.status, "cancelled");
      const asked = await ask("POST", "/account/erase", { as: person, body: { confirm: "erase" } });
      assertEquals(asked.status, 202);
      assert(asked.body.receipt !== receipt, "another request");
      receipt = asked.body.receipt;
    });

    await test.step("erased, their token still lives, and nothing is allowed by it", async () => {
      await workUntil(receipt, "erased", 3600);
      assertEquals((await ask("GET", `/account/erasures/${receipt}`)).body.status, "pending");
      await eventually(
        "no isolate's memory says yes",
        async () =>
          (await ask("GET", `/agents/${agent}/access`, { as: person })).body.allowed !== true,
      );
      for (
        const [path, body] of [
          ["/sessions", { agent_id: agent }],
          ["/audit", { workspace_id: workspace, action: "a.b" }],
          [`/sessions/${done.open}/turns`, { request_id: "late" }],
          ["/account/export", undefined],
          ["/account/erase", { confirm: "erase" }],
        ] as const
      ) assertEquals((await ask("POST", path, { as: person, body })).status, 404, path);
    });

    await test.step("the second pass finds what was on its way: a heartbeat, a floor", async () => {
      await using late = startIsolate();
      await late.services.scratchpad.use(async (pad) => {
        await pad.join(roomKey(workspace), `person:${person.id}`, { status: "online" }, 45);
        await pad.raiseFloors(new Map([[person.id, 9]]));
      });
      await workUntil(receipt, "done", 0);
      assertEquals((await ask("GET", `/account/erasures/${receipt}`)).body.status, "done");
    });

    await test.step("no row, no key and no file mentions them", async () => {
      assertDeepEquals(await scanDatabase(sql, wanted), []);
      assertDeepEquals(await scanRedis(wanted), []);
      assertEquals(await readFile(bucket, done.file), null);
    });

    await test.step("the twin has what they had", async () => {
      const [listed] = await sql`
        select count(*) as n from storage.objects where bucket_id = ${bucket}`;
      assertEquals(listed?.n, 3, "the twin's two files are left, and what lies in nobody's folder");
      assertEquals(await belongings(twin), kept);
      assertEquals(await readFile(bucket, `${workspace}/${twin.id}/letter.txt`), "Dear all");
    });

    await test.step("the log goes on under a pseudonym, and verifies, also by the anchors of before", async () => {
      const [entry] = await sql`
        select actor_id, subject_id, detail from public.audit_log
        where workspace_id = ${workspace} and action = 'report.exported' and subject_id like 'report of %'
          and actor_id <> ${twin.id}`;
      assert(entry, "the entry is still there");
      assertDeepEquals([entry.subject_id, entry.detail], [`report of ${entry.actor_id}`, {
        by: entry.actor_id,
        [entry.actor_id]: { mail: "erased" },
        list: ["erased", `x${person.email}`],
      }]);
      await verifyLogs(anchors);
    });

    await test.step("their address is free again", async () => {
      assert((await signUp(person.email)).id !== person.id);
    });
  },
});
