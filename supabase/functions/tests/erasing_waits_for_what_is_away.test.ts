/** An erasure is done when all of it is: with Storage, Redis or an owner missing it waits, or says why not. */
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { app } from "../account/index.ts";
import { app as agents } from "../agents/index.ts";
import { storage, storeFile } from "./stored-files.ts";
import { scanRedis } from "./traces.ts";
import {
  ask,
  connect,
  createWorld,
  environment,
  type Isolate,
  type Someone,
  startIsolate,
} from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, agent, owner } = world;
Deno.test.afterAll(() => sql.end());

function drill(claim: string, fn: () => Promise<void>, ignore = false): void {
  // Connections to Redis and Storage are kept by fetch.
  Deno.test({ name: claim, ignore, fn, sanitizeResources: false, sanitizeOps: false });
}

/** Asks, and keeps the minute's job away: the request is due in an hour, and when a test says so. */
async function askToBeErased(as: Someone, workspace_id?: string): Promise<string> {
  const asked = await ask("POST", "/account/erase", {
    as,
    body: { confirm: "erase", workspace_id },
  });
  assertEquals(asked.status, 202);
  await postpone(asked.body.receipt);
  return asked.body.receipt;
}

async function postpone(receipt: string): Promise<void> {
  await sql`
    update public.erasure_requests set scheduled_for = now() + interval '1 hour'
    where receipt = ${receipt} and status = 'pending'`;
}

async function work(isolate: Isolate, receipt: string) {
  await sql`update public.erasure_requests set scheduled_for = now() where receipt = ${receipt}`;
  const worked = await isolate.ask(app, "POST", "/account/erasures/work", {
    as: "service",
    body: { settle_seconds: 0, batch: 20 },
  });
  assertEquals(worked.status, 200);
  await postpone(receipt);
  const [row] = await sql<{ status: string; last_error: string | null; is_erased: boolean }[]>`
    select status, last_error, erased_at is not null as is_erased
    from public.erasure_requests where receipt = ${receipt}`;
  return { ...row };
}

drill("with Storage away nothing is erased yet, and then all is", async () => {
  const person = await world.addPerson("member");
  const bucket = `away-${workspace.slice(0, 8)}`;
  await storage.createBucket(bucket, { public: false });
  await storeFile(bucket, `${workspace}/${person.id}/a.txt`, "a");
  const receipt = await askToBeErased(person);
  {
    await using lost = startIsolate({ url: "http://127.0.0.1:9" });
    const waiting = await work(lost, receipt);
    assertDeepEquals([waiting.status, waiting.is_erased], ["pending", false]);
    assert(waiting.last_error?.startsWith("unavailable"));
  }
  const [there] = await sql`select user_id from public.profiles where user_id = ${person.id}`;
  assert(there, "the person is whole");
  await using isolate = startIsolate();
  assertEquals((await work(isolate, receipt)).status, "done");
});

drill("with Redis away it is not done, and when Redis is back it is", async () => {
  const person = await world.addPerson("member");
  assertEquals(
    (await ask("PUT", "/presence", { as: person, body: { workspace_id: workspace } })).status,
    200,
  );
  const wanted = { id: person.id, email: `${person.id}@test.example` };
  assert((await scanRedis(wanted)).length > 0);
  const receipt = await askToBeErased(person);
  {
    await using lost = startIsolate({ redis: { url: "http://127.0.0.1:9", token: "x" } });
    const waiting = await work(lost, receipt);
    assertDeepEquals([waiting.status, waiting.is_erased], ["pending", true]);
    assert(waiting.last_error?.includes("Redis"));
  }
  assert((await scanRedis(wanted)).length > 0, "which still knows them");
  await using isolate = startIsolate();
  assertEquals((await work(isolate, receipt)).status, "done");
  assertDeepEquals(await scanRedis(wanted), []);
}, !environment.redis);

drill("an answer that was being read is not written back", async () => {
  const person = await world.addPerson("admin");
  await using reader = startIsolate();
  await using worker = startIsolate();
  const look = () =>
    reader.ask(agents, "GET", `/agents/${agent}/access`, {
      as: person,
      headers: { "x-consistency": "fresh" },
    });
  assertEquals((await look()).body.allowed, true);
  const { epoch } = await reader.services.scratchpad.use((pad) => pad.readAnswer(person.id));
  const receipt = await askToBeErased(person);
  assertEquals((await work(worker, receipt)).status, "done");
  const outcome = await reader.services.scratchpad.use((pad) =>
    pad.writeBack(person.id, { revision: 99, value: { agents: [], changes_at: null } }, epoch, 60)
  );
  assertEquals(outcome, "other_epoch");
  assertEquals((await look()).body.allowed, undefined, "their token gets nothing");
  await eventually(
    "nothing is kept",
    async () =>
      (await scanRedis({ id: person.id, email: `${person.id}@test.example` })).length === 0,
  );
}, !environment.redis);

drill("who became an only owner meanwhile is told so, and nothing is erased", async () => {
  const theirs = await createWorld(sql);
  const person = await theirs.addPerson("owner");
  const receipt = await askToBeErased(person);
  await sql`
    update public.members set role = 'admin'
    where workspace_id = ${theirs.workspace} and user_id = ${theirs.owner.id}`;
  await using isolate = startIsolate();
  const { status, is_erased } = await work(isolate, receipt);
  assertDeepEquals([status, is_erased], ["failed", false]);
  const told = await ask("GET", `/account/erasures/${receipt}`);
  assert(told.body.cause.startsWith("last_owner"));
  assertEquals((await ask("GET", "/agents", { as: person })).status, 200);
});

drill("in one workspace only what they were there", async () => {
  const second = await createWorld(sql);
  const person = await world.addPerson("member");
  await sql`
    insert into public.members (workspace_id, user_id, role)
    values (${second.workspace}, ${person.id}, 'admin')`;
  for (const workspace_id of [workspace, second.workspace]) {
    await ask("PUT", "/presence", { as: person, body: { workspace_id } });
  }
  const opened = await ask("POST", "/sessions", { as: person, body: { agent_id: second.agent } });
  assertEquals(opened.status, 201);
  const receipt = await askToBeErased(person, second.workspace);
  await using isolate = startIsolate();
  assertEquals((await work(isolate, receipt)).status, "done");
  const present = async (of: string, as: Someone) =>
    (await ask("GET", `/presence/${of}`, { as })).body.members
      .some((one: { id: string }) => one.id === person.id);
  assertDeepEquals(
    [await present(workspace, owner), await present(second.workspace, second.owner)],
    [true, false],
  );
  const { body } = await ask("GET", "/sessions", { as: person });
  assertDeepEquals(body.sessions, []);
  assertEquals((await ask("POST", "/account/export", { as: person })).status, 200);
});
