/**
 * A person who did everything that can be done here is erased, and then looked for: in every column
 * of every table, in every key and value of Redis, in Storage. Beside them a twin, whose address
 * even contains theirs, did the same and keeps everything.
 */
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { rateWindow } from "../_shared/rate-limit.ts";
import { roomKey } from "../presence/rooms.ts";
import { scanDatabase, scanRedis, type Wanted } from "./traces.ts";
import { talkAndBeRemembered } from "./erased-person-talks.ts";
import {
  ask,
  connect,
  createWorld,
  environment,
  mintToken,
  type Someone,
  startIsolate,
} from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const other = await createWorld(sql);
const { workspace, agent, owner, member } = world;
const bucket = `erasures-${workspace.slice(0, 8)}`;
Deno.test.afterAll(() => sql.end());

type Known = Someone & { email: string };

const storageHeaders = {
  apikey: environment.secretKeys.default ?? "",
  authorization: `Bearer ${environment.secretKeys.default}`,
};

async function storage(method: string, path: string, body?: BodyInit, type = "application/json") {
  const headers = { ...storageHeaders, "content-type": type };
  const response = await fetch(`${environment.url}/storage/v1/${path}`, { method, headers, body });
  const text = await response.text();
  return { status: response.status, text };
}

async function signUp(email: string): Promise<Known> {
  const response = await fetch(`${environment.url}/auth/v1/signup`, {
    method: "POST",
    headers: {
      apikey: environment.publishableKeys.default ?? "",
      "content-type": "application/json",
    },
    body: JSON.stringify({ email, password: "correct horse battery" }),
  });
  const { user } = await response.json();
  assert(user?.id, "Auth signs people up");
  return { id: user.id, email, token: await mintToken(user.id) };
}

/** Everything, and it is checked that it was done. */
async function doEverything(person: Known): Promise<{ open: string; file: string }> {
  const { id, email } = person;
  await sql`
    insert into public.members (workspace_id, user_id, role, invited_by) values
      (${workspace}, ${id}, 'admin', ${owner.id}), (${other.workspace}, ${id}, 'owner', ${other.owner.id})`;
  await sql`update public.members set invited_by = ${id} where workspace_id = ${workspace} and user_id = ${member.id}`;
  await sql`update public.profiles set settings = ${
    sql.json({ signature: email })
  } where user_id = ${id}`;
  // Invited, and inviting
  await sql`
    insert into public.invitations (workspace_id, email, token_hash, invited_by) values
      (${workspace}, ${email.toLowerCase()}, sha256(${`in ${id}`}::bytea), ${owner.id}),
      (${workspace}, ${`guest-of-${
    id.slice(-8)
  }@test.example`}, sha256(${`by ${id}`}::bytea), ${id})`;
  // Grants both ways
  const another = await world.addAgent();
  const granted = await ask("PUT", `/agents/${another}/access/${world.guest.id}`, {
    as: person,
    body: { can_use: true, reason: `asked ${email}` },
  });
  assertEquals(granted.status, 200);
  assertEquals(
    (await ask("PUT", `/agents/${agent}/access/${id}`, { as: owner, body: { can_use: true } }))
      .status,
    200,
  );
  // Sessions, one of them still open, with turns and bills
  const sessions = await Promise.all(
    [0, 1].map(() => ask("POST", "/sessions", { as: person, body: { agent_id: agent } })),
  );
  const [open, closed] = sessions.map(({ body }) => body.session_id as string);
  for (const session of [open, closed]) {
    const turn = await ask("POST", `/sessions/${session}/turns`, {
      as: person,
      body: {
        request_id: `turn of ${id} in ${session}`,
        usage: [{ kind: "message", quantity: 1, unit: "message" }],
        detail: { said: `I am ${email.toUpperCase()}` },
      },
    });
    assertEquals(turn.status, 201);
  }
  assertEquals((await ask("DELETE", `/sessions/${closed}`, { as: person })).status, 200);
  // Present and typing
  for (const workspace_id of [workspace, other.workspace]) {
    assertEquals(
      (await ask("PUT", "/presence", { as: person, body: { workspace_id } })).status,
      200,
    );
  }
  const typing = { workspace_id: workspace, conversation_id: crypto.randomUUID() };
  assert((await ask("PUT", "/presence/typing", { as: person, body: typing })).status < 300);
  // In the log: by them, about them, beside them
  const written = await ask("POST", "/audit", {
    as: person,
    body: {
      workspace_id: workspace,
      action: "report.exported",
      subject_type: "report",
      subject_id: `report of ${id}`,
      request_id: `report of ${email}`,
      detail: { by: id, [id]: { mail: email }, list: [email, `x${email}`] },
    },
  });
  assertEquals(written.status, 201);
  await ask("POST", "/audit", {
    as: owner,
    body: {
      workspace_id: workspace,
      action: "person.praised",
      subject_type: "person",
      subject_id: id,
      detail: { for: `${email}, of course` },
    },
  });
  await sql`
    select public.record_usage(${workspace}, 'seat', 1, 'seat', user_id => ${id}, request_id => ${`seat ${id}`})`;
  // A file in their folder, and one that they only own
  const file = `${workspace}/${id}/letter.txt`;
  for (const name of [file, `${workspace}/shared-${id.slice(-8)}.txt`]) {
    const { status, text } = await storage(
      "POST",
      `object/${bucket}/${name}`,
      "Dear all",
      "text/plain",
    );
    assertEquals(status, 200, text);
  }
  await sql`
    update storage.objects set owner_id = ${id}
    where bucket_id = ${bucket} and name like ${`%shared-${id.slice(-8)}%`}`;
  await talkAndBeRemembered(sql, workspace, person);
  // What the database has told functions, and kept of what it heard
  await sql`
    insert into private.function_calls (job, function, body, status, request_id, attempts, finished_at, last_error) values
      ('invalidate-answers', 'agents/invalidate', ${
    sql.json({ floors: { [id]: 3, [owner.id]: 4 }, agents: [] })
  }, 'lost', 1, 8, now(), ${`no answer about ${email}`})`;
  await sql`insert into net._http_response (id, status_code, content) values (1, 200, ${`{"user":"${id}"}`})`;
  // Rate counters and answers, where they are kept
  await using isolate = startIsolate();
  const window = Math.floor(Date.now() / 1000 / rateWindow);
  for (const pad of [isolate.services.memory.fallback]) {
    await pad.hit(`limit:write:${id}:${window}`, 3, 120);
    await pad.set(`session:${open}`, { user_id: id }, 600);
  }
  await isolate.services.memory.use((pad) => pad.hit(`limit:write:${id}:${window}`, 3, 120));
  assertEquals((await ask("GET", "/agents", { as: person })).status, 200);
  return { open: open ?? "", file };
}

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
      (select jsonb_agg(to_jsonb(o) - 'last_accessed_at' order by o.name) from storage.objects as o where name like ${`%${id}%`})
    )::text as all`;
  return row?.all ?? "";
}

Deno.test({
  name: "nothing mentions an erased person, and a twin keeps everything",
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    const mark = crypto.randomUUID().slice(0, 8);
    const person = await signUp(`Ann.Lee-${mark}@Erase.example`);
    const twin = await signUp(`jo_ann.lee-${mark}@erase.example`);
    const wanted: Wanted = { ...person, not: [twin.email, `x${person.email}`] };
    await storage("POST", "bucket", JSON.stringify({ id: bucket, name: bucket, public: false }));
    const done = await doEverything(person);
    await doEverything(twin);
    await sql`select private.seal_audit_log()`;
    const anchors = [await anchorOf(workspace), await anchorOf(other.workspace)];

    // They take everything along first.
    const { status, body: archive } = await ask("POST", "/account/export", { as: person });
    assertEquals(status, 200);
    assertDeepEquals([archive.format, archive.person.id], [1, person.id]);
    const counts = Object.fromEntries(
      Object.entries(archive.tables).map(([name, rows]) => [name, (rows as unknown[]).length]),
    );
    for (
      const [name, least] of Object.entries({
        profiles: 1,
        members: 2,
        permissions: 1,
        invitations: 1,
        audit_log: 8,
        billing_events: 3,
        "storage.objects": 2,
        "auth.users": 1,
        "auth.identities": 1,
      })
    ) assert((counts[name] ?? 0) >= least, `the archive has ${counts[name]} of ${name}`);
    assert(!JSON.stringify(archive).includes("token_hash"));
    assert(!JSON.stringify(archive).includes(twin.id), "nothing of the twin");

    // Everything was found before: the scan can find it.
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
    const kept = await belongings(twin);

    const refused = await ask("POST", "/account/erase", {
      as: person,
      body: { confirm: twin.email },
    });
    assertDeepEquals([refused.status, refused.body.error.code], [422, "not_confirmed"]);
    const asked = await ask("POST", "/account/erase", {
      as: person,
      body: { confirm: person.email },
    });
    assertEquals(asked.status, 202);
    const { receipt } = asked.body;
    const again = await ask("POST", "/account/erase", { as: person, body: { confirm: "erase" } });
    assertEquals(again.body.receipt, receipt, "asked twice is asked once");

    await workUntil(receipt, "erased", 3600);
    assertEquals((await ask("GET", `/account/erasures/${receipt}`)).body.status, "pending");

    // The token still lives; nothing is allowed by it.
    await eventually(
      "no isolate's memory says yes",
      async () =>
        (await ask("GET", `/agents/${agent}/access`, { as: person })).body.allowed !== true,
    );
    for (
      const response of [
        await ask("POST", "/sessions", { as: person, body: { agent_id: agent } }),
        await ask("POST", "/audit", {
          as: person,
          body: { workspace_id: workspace, action: "a.b" },
        }),
        await ask("POST", `/sessions/${done.open}/turns`, {
          as: person,
          body: { request_id: "late" },
        }),
        await ask("POST", "/account/export", { as: person }),
        await ask("POST", "/account/erase", { as: person, body: { confirm: "erase" } }),
      ]
    ) assertEquals(response.status, 404);

    // Something was on its way meanwhile: a heartbeat, a floor. The second pass finds it.
    await using late = startIsolate();
    await late.services.memory.use(async (pad) => {
      await pad.join(roomKey(workspace), `person:${person.id}`, { status: "online" }, 45);
      await pad.raiseFloors(new Map([[person.id, 9]]));
    });
    await workUntil(receipt, "done", 0);

    assertDeepEquals(await scanDatabase(sql, wanted), []);
    assertDeepEquals(await scanRedis(wanted), []);
    assert((await storage("GET", `object/${bucket}/${done.file}`)).status >= 400);
    const [listed] = await sql`
      select count(*) as n from storage.objects where bucket_id = ${bucket}`;
    assertEquals(listed?.n, 2, "the twin's two files are all that is left");
    assertEquals(await belongings(twin), kept, "the twin's rows are what they were");
    assertEquals(
      (await storage("GET", `object/${bucket}/${workspace}/${twin.id}/letter.txt`)).text,
      "Dear all",
    );

    // The log goes on under a pseudonym, and verifies, also against the anchors of before.
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
    for (const [place, anchor] of [[workspace, anchors[0]], [other.workspace, anchors[1]]]) {
      assertDeepEquals(await verdict(place ?? "", anchor ?? ""), [true, null]);
      await sql`select private.seal_audit_log()`;
      assertDeepEquals(await verdict(place ?? "", anchor ?? ""), [true, null]);
    }
    assertDeepEquals((await ask("GET", `/account/erasures/${receipt}`)).body.status, "done");
    // Their address is free again.
    assert((await signUp(person.email)).id !== person.id);
  },
});
