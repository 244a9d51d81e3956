/**
 * One pair of servers, harmed in several ways: the replica is late, stands still, is killed, is no replica at all.
 * Every read is answered, every answer has what its reader has seen, and nobody gets in whom the primary refuses.
 */
import assert from "node:assert/strict";
import { app as access } from "../../../../supabase/functions/access/index.ts";
import { app as account } from "../../../../supabase/functions/account/index.ts";
import { app as agents } from "../../../../supabase/functions/agents/index.ts";
import { app as context } from "../../../../supabase/functions/context/index.ts";
import { app as knowledge } from "../../../../supabase/functions/knowledge/index.ts";
import { app as memory } from "../../../../supabase/functions/memory/index.ts";
import { app as usage } from "../../../../supabase/functions/usage/index.ts";
import { createReplica } from "../../../../supabase/functions/_shared/replicas/replica.ts";
import { createGroundworkClient } from "../../../../types/client.ts";
import { rememberPositions } from "../../../../types/replicas.ts";
import { waitUntil } from "../../processes.ts";
import { ACME, type Isolate, JUAN, startPair, untilReplicaAnswers } from "./pair.ts";
import { readAfterWrites, untilIn } from "./read-after-writes.ts";

const HR = "00000000-0000-4000-c000-000000000001";

const pair = await startPair();
Deno.test.afterAll(async () => await pair[Symbol.asyncDispose]());

/** Remembers something new and reads it back with the write's position. */
async function writeAndRead(isolate: Isolate, word: string): Promise<string | null> {
  const body = { workspace_id: ACME, content: `Likes the word ${word}.` };
  const written = await isolate.ask(memory, "POST", "/memory", { body });
  assert.equal(written.status, 201, JSON.stringify(written.body));
  assert.ok(written.position, "a write tells its position");
  const read = await isolate.ask(memory, "POST", "/memory/search", {
    body: { workspace_id: ACME, query: word, limit: 100 },
    consistency: `at-least:${written.position}`,
  });
  assert.equal(read.status, 200, JSON.stringify(read.body));
  const found = read.body.memories.map(({ content }: { content: string }) => content);
  assert.ok(
    found.includes(body.content),
    `${word} is not among ${found.length} from ${read.source}`,
  );
  return read.source;
}

const word = () => `w${crypto.randomUUID().replaceAll("-", "")}`;

Deno.test("600 reads after writes: none with its position is stale, some without it are", async () => {
  await using isolate = pair.startIsolate();
  await untilIn(isolate);
  const outcomes = await readAfterWrites(pair, isolate, 200);
  assert.deepEqual(outcomes.map(({ stale }) => stale), [0, 0, 0]);
  const [none, some, long] = outcomes;
  assert.ok(none!.byReplica > 0 && some!.byReplica > 0, "the replica answers where it may");
  assert.ok(some!.staleWithout > 0 && long!.staleWithout > 0, "without it some are stale");
  assert.equal(long!.byReplica, 0, "nobody waits for 400 ms");
});

/** How supabase-js asks this isolate. */
const askedBy = (isolate: Isolate): typeof fetch => async (input, init) => {
  const { pathname } = new URL(String(input));
  const consistency = new Headers(init?.headers).get("x-consistency");
  const { status, position, body } = await isolate.ask(
    memory,
    init?.method ?? "GET",
    pathname.replace("/functions/v1", ""),
    { body: JSON.parse(String(init?.body)), ...(consistency ? { consistency } : {}) },
  );
  return Response.json(body, { status, headers: position ? { "x-position": position } : {} });
};

Deno.test("an unmodified client that remembers positions reads what it has just written", async () => {
  await using isolate = pair.startIsolate();
  await untilIn(isolate);
  const client = createGroundworkClient("http://functions.internal", "key", {
    accessToken: () => Promise.resolve("-"),
    global: { fetch: rememberPositions(askedBy(isolate)) },
  });
  const said = async (name: string, body: Record<string, unknown>) => {
    const { data, error } = await client.functions.invoke(name, { body });
    if (error) throw error;
    return data;
  };
  await pair.delay("100ms");
  for (let n = 0; n < 20; n++) {
    const content = `Likes the word ${word()}.`;
    await said("memory", { workspace_id: ACME, content });
    const found = await said("memory/search", { workspace_id: ACME, query: content, limit: 100 });
    assert.ok(found.memories.some((memory: { content: string }) => memory.content === content));
  }
  await pair.delay("0");
});

Deno.test("a replica that stands still or is killed is left out, and comes back by itself", async () => {
  await using isolate = pair.startIsolate();
  const ask = () =>
    isolate.ask(memory, "POST", "/memory/search", { body: { workspace_id: ACME, limit: 1 } });

  await untilReplicaAnswers(ask);
  assert.equal(await writeAndRead(isolate, word()), "replica");

  await pair.onReplica`select pg_wal_replay_pause()`;
  const { openings } = isolate.services.replicas.counts;
  for (let n = 0; n < 6; n++) assert.equal(await writeAndRead(isolate, word()), "database");
  // Its readers had seen more than what the primary had told this isolate: that counts against nobody. What the
  // primary told does.
  await new Promise((resolve) => setTimeout(resolve, 2100));
  for (let n = 0; n < 4; n++) assert.equal((await ask()).source, "database");
  assert.equal(isolate.services.replicas.counts.openings, openings + 1);
  await pair.onReplica`select pg_wal_replay_resume()`;
  await untilReplicaAnswers(ask);
  assert.equal(await writeAndRead(isolate, word()), "replica");

  await pair.replica.kill();
  for (let n = 0; n < 6; n++) assert.equal(await writeAndRead(isolate, word()), "database");
  await pair.replica.start();
  await untilReplicaAnswers(ask);
  assert.equal(await writeAndRead(isolate, word()), "replica");
});

Deno.test("a server that follows nobody is not asked", async () => {
  await using isolate = pair.startIsolate(pair.primary, [pair.primary]);
  const ask = () =>
    isolate.ask(memory, "POST", "/memory/search", { body: { workspace_id: ACME, limit: 1 } });
  for (let n = 0; n < 4; n++) {
    assert.equal((await ask()).source, "database");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.equal(isolate.services.replicas.counts.replica, 0);
});

Deno.test("prompts and exports are read there too, and say the same as the primary", async () => {
  await using isolate = pair.startIsolate();
  await untilIn(isolate);
  const [talk] = await pair.onPrimary<{ id: string }[]>`
    insert into public.conversations (workspace_id, user_id) values (${ACME}, ${JUAN}) returning id`;
  const [said] = await pair.onPrimary<{ id: string }[]>`
    insert into public.messages (workspace_id, conversation_id, user_id, role, parts)
    values (${ACME}, ${
    talk!.id
  }, ${JUAN}, 'user', '[{"type":"text","text":"Where is the leave policy?"}]')
    returning id`;
  await pair.onPrimary`
    update public.conversations set active_message_id = ${said!.id} where id = ${talk!.id}`;
  const made = await isolate.ask(context, "GET", `/context/${talk!.id}`);
  assert.equal(made.status, 200, JSON.stringify(made.body));
  assert.ok(made.position, "it keeps a record: a write");
  const consistency = `at-least:${made.position}`;
  const path = `/context/records/${made.body.record_id}`;
  const there = await isolate.ask(context, "GET", path, { consistency });
  const here = await isolate.ask(context, "GET", path, { consistency: "fresh" });
  assert.deepEqual([there.status, there.source, here.source], [200, "replica", "database"]);
  assert.deepEqual(there.body, here.body);

  const events = await isolate.ask(usage, "GET", "/usage/events", { as: "service" });
  assert.deepEqual([events.status, events.source], [200, "replica"]);

  const before = isolate.services.replicas.counts.replica;
  const archive = (await isolate.ask(account, "POST", "/account/export")).body;
  assert.equal(isolate.services.replicas.counts.replica, before + 1);
  const mine = archive.tables.messages.map(({ id }: { id: string }) => id);
  assert.ok(mine.includes(said!.id), "the archive has what was just said");
  const [counted] = await pair.onPrimary<{ used: number }[]>`
    select used::int from private.counters where subject = ${JUAN} and name = 'exports_a_day'`;
  assert.equal(counted?.used, 1, "counted once, on the primary");
});

Deno.test("a replica of another database is not asked, however far its log is", async () => {
  const url = new URL(pair.replica.adminUrl);
  const environment = {
    databaseUrl: url.href,
    databaseTls: { tls: "disable" as const, caCerts: [] },
    poolSize: 2,
  };
  const [own] = await pair.onPrimary<{ system: string }[]>`
    select system_identifier::text as system from pg_control_system()`;
  const follow = (system: string) =>
    createReplica(environment, () => Promise.resolve({ system, position: "0/1" }));
  const [ours, others] = [follow(own!.system), follow("1")];
  try {
    assert.deepEqual([ours.isIn, others.isIn], [false, false], "none has proven itself yet");
    await waitUntil("ours has proven itself", () => Promise.resolve(ours.isIn), 20_000);
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(others.isIn, false);
  } finally {
    await Promise.all([ours.close(), others.close()]);
  }
});

Deno.test("who lost access on the primary reads nothing, though the replica still lets them in", async () => {
  await using isolate = pair.startIsolate();
  const search = () =>
    isolate.ask(knowledge, "POST", "/knowledge/search", {
      body: { workspace_id: ACME, query: "leave" },
    });
  const recall = () =>
    isolate.ask(memory, "POST", "/memory/search", { body: { workspace_id: ACME, limit: 1 } });
  const check = () => isolate.ask(agents, "GET", `/agents/${HR}/access`);
  await untilReplicaAnswers(search);
  assert.deepEqual([(await search()).status, (await recall()).status], [200, 200]);
  assert.equal((await check()).body.allowed, true);

  await pair.onReplica`select pg_wal_replay_pause()`;
  await pair
    .onPrimary`delete from public.members where user_id = ${JUAN} and workspace_id = ${ACME}`;
  const [left] = await pair.onReplica<{ role: string }[]>`
    select private.member_role(${JUAN}, ${ACME}) as role`;
  assert.equal(left?.role, "member", "the replica would still say yes");
  await new Promise((resolve) => setTimeout(resolve, 2100)); // what is promised of all that is cached
  for (const ask of [search, recall, check]) assert.equal((await ask()).status, 404);

  // The twin: whoever is let in is answered, from the primary while the replica stands still.
  await pair.onPrimary`
    insert into public.members (workspace_id, user_id, role) values (${ACME}, ${JUAN}, 'member')`;
  await new Promise((resolve) => setTimeout(resolve, 2100));
  for (const ask of [search, recall]) assert.equal((await ask()).status, 200);
  await pair.onReplica`select pg_wal_replay_resume()`;
});

Deno.test("the replica is asked to search and recall, and nothing about permissions", async () => {
  await using isolate = pair.startIsolate();
  const ask = (app: Parameters<Isolate["ask"]>[0], method: string, path: string, body?: unknown) =>
    isolate.ask(app, method, path, { body });
  const search = () =>
    ask(knowledge, "POST", "/knowledge/search", { workspace_id: ACME, query: "x" });
  await untilReplicaAnswers(search);
  await pair.onReplica`create extension if not exists pg_stat_statements`.catch(() => {});
  await pair.onReplica`select extensions.pg_stat_statements_reset()`;

  assert.equal((await search()).source, "replica");
  const recalled = await ask(memory, "POST", "/memory/search", { workspace_id: ACME });
  assert.equal(recalled.source, "replica");
  const subject = { type: "user", id: JUAN };
  const checks = [
    await ask(agents, "GET", `/agents/${HR}/access`),
    await ask(agents, "GET", "/agents"),
    await ask(agents, "POST", "/agents/access/check", { pairs: [{ agent_id: HR }] }),
    await ask(access, "POST", "/access/v1/evaluation", {
      subject,
      resource: { type: "agent", id: HR },
      action: { name: "can_use" },
    }),
  ];
  assert.deepEqual(checks.map(({ source, status }) => [status, source === "replica"]), [
    [200, false],
    [200, false],
    [200, false],
    [200, false],
  ]);

  const asked = await pair.onReplica<{ query: string }[]>`
    select query from extensions.pg_stat_statements where query !~* 'pg_stat_statements'`;
  const known =
    /await_position|search_documents|"recall"|pg_last_wal_replay_lsn|^(begin|commit|rollback)/i;
  assert.deepEqual(asked.map(({ query }) => query).filter((query) => !known.test(query)), []);
  assert.ok(
    asked.some(({ query }) => /search_documents/.test(query)),
    "statements are seen at all",
  );
});
