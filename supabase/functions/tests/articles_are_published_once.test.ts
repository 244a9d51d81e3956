import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { answerPublishing } from "../_shared/answer-publishing.ts";
import { createApp } from "../_shared/http.ts";
import { type Platform, publishDue, usualBounds } from "../_shared/publishing.ts";
import { route } from "../_shared/route.ts";
import { type Article, createDevto } from "../publish-build-content/devto.ts";
import { app } from "../publish-build-content/index.ts";
import { type FakePlatform, type Mood, startDevto } from "./publishing-platforms.ts";
import { ask, connect, createWorld, startIsolate } from "./world.ts";

const sql = connect();
const { workspace, admin } = await createWorld(sql);
const queue = "build_content_queue";
const quick = { ...usualBounds, unclearPause: 0 };
/** Milliseconds: long for a server on loopback, short for a test of one that hangs. */
const patience = 1000;
Deno.test.afterAll(() => sql.end());

async function addArticle(changes: Record<string, unknown> = {}): Promise<number> {
  const article = {
    workspace_id: workspace,
    title: `Title ${crypto.randomUUID()}`,
    article: "Text",
    review_status: "approved",
    ...changes,
  };
  const [row] = await sql`insert into public.build_content_queue ${sql(article)} returning id`;
  return row?.id;
}

async function read(id: number) {
  const [row] = await sql`
    select status, attempts, posted_url, external_id, last_error, tried_at is not null as was_tried,
      scheduled_for > now() + interval '100 seconds' as waits_long
    from public.build_content_queue where id = ${id}`;
  return { ...row };
}

/** As if the pause before the next attempt were over. */
const skipPause = () =>
  sql`update public.build_content_queue set scheduled_for = now()
      where workspace_id = ${workspace} and status = 'pending' and scheduled_for < 'infinity'`;
const clear = () => sql`delete from public.build_content_queue where workspace_id = ${workspace}`;
const told = (devto: FakePlatform) => devto.heard.filter(({ method }) => method === "POST");
const asked = (devto: FakePlatform) => devto.heard.filter(({ method }) => method === "GET");

Deno.test("what is due is published as Dev.to wants it; drafts and later ones are not", async () => {
  await clear();
  await using devto = await startDevto();
  await using isolate = startIsolate({ devto: devto.accounts });
  const id = await addArticle({
    title: "How it is built",
    article: "---\ntitle: Other\npublished: false\n---\n# Built\n\nWell.",
    tags: '{Post-gres,AI,"Déjà vu","web dev",fifth}',
    canonical_url: "https://acme.example/built",
  });
  await addArticle({ review_status: "draft" });
  await addArticle({ publish_at: new Date(Date.now() + 3_600_000) });
  const answered = await isolate.ask(app, "POST", "/publish-build-content", {
    as: "service",
    body: {},
  });
  assertDeepEquals([answered.status, answered.body.published, answered.body.found], [200, 1, 0]);
  assertEquals(devto.heard.length, 1);
  const [{ headers, path, body }] = told(devto) as [ReturnType<typeof told>[number]];
  assertEquals(path, "/api/articles");
  assertEquals(headers["api-key"], devto.account.key);
  const { body_markdown, ...rest } = body.article;
  assertDeepEquals(rest, {
    title: "How it is built",
    published: true,
    tags: ["postgres", "ai", "dejavu", "webdev"],
    canonical_url: "https://acme.example/built",
  });
  assert(/^# Built\n\nWell\.\n\n<!-- groundwork [0-9a-f-]{36} -->\n$/.test(body_markdown));
  const row = await read(id);
  assertDeepEquals([row.status, row.posted_url, row.external_id], [
    "done",
    "https://dev.example/acme/1",
    "1",
  ]);
  const again = await isolate.ask(app, "POST", "/publish-build-content", {
    as: "service",
    body: {},
  });
  assertEquals(again.body.published, 0);
  assertEquals(devto.published.length, 1);
});

for (const mood of ["accept-and-drop", "accept-and-fault", "accept-and-hang"] satisfies Mood[]) {
  Deno.test(`accepted, and nobody learnt of it: ${mood}; the platform is asked and it is one`, async () => {
    await clear();
    await using devto = await startDevto();
    await using isolate = startIsolate();
    const { database } = isolate.services;
    const id = await addArticle();
    devto.moods = [mood];
    const platform = createDevto(devto.account, patience);
    const first = await publishDue(database, queue, () => platform, quick);
    assertDeepEquals([first.published, first.retrying], [0, 1]);
    const waiting = await read(id);
    assertDeepEquals([waiting.status, waiting.was_tried], ["pending", true]);
    assert(waiting.last_error.includes("platform"), waiting.last_error);
    // Others have published since: it is not on the first page any more.
    for (let n = 0; n < 5; n++) {
      devto.published.unshift({ id: 90 + n, title: "Other", published_at: new Date().toJSON() });
    }
    await skipPause();
    const second = await publishDue(database, queue, () => platform, quick);
    assertDeepEquals([second.published, second.found], [1, 1]);
    assertEquals(told(devto).length, 1);
    assertEquals((await read(id)).posted_url, "https://dev.example/acme/1");
  });
}

for (const mood of ["drop", "fault", "hang"] satisfies Mood[]) {
  Deno.test(`not taken up: ${mood}; the platform is asked, and told again`, async () => {
    await clear();
    await using devto = await startDevto();
    await using isolate = startIsolate();
    const { database } = isolate.services;
    const id = await addArticle();
    devto.moods = [mood];
    const platform = createDevto(devto.account, patience);
    assertEquals((await publishDue(database, queue, () => platform, quick)).retrying, 1);
    await skipPause();
    const second = await publishDue(database, queue, () => platform, quick);
    assertDeepEquals([second.published, second.found], [1, 0]);
    assertDeepEquals([told(devto).length, devto.published.length], [2, 1]);
    assertDeepEquals([(await read(id)).status, (await read(id)).attempts], ["done", 2]);
  });
}

Deno.test("killed (SIGKILL) after the platform has accepted: the next one finds it", async () => {
  await clear();
  await using devto = await startDevto();
  await using isolate = startIsolate();
  const id = await addArticle();
  devto.moods = ["accept-and-hang"];
  const doomed = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--quiet",
      new URL("publish-until-killed.ts", import.meta.url).pathname,
      devto.account.url,
      devto.account.key,
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended = false;
  doomed.status.then(() => ended = true);
  while (devto.published.length === 0 && !ended) {
    await new Promise((next) => setTimeout(next, 10));
  }
  doomed.kill("SIGKILL");
  await doomed.status;
  assertEquals((await read(id)).status, "in_progress");
  const platform = createDevto(devto.account, patience);
  const early = await publishDue(isolate.services.database, queue, () => platform, quick);
  assertEquals(early.published, 0, "its lease still runs");
  await sql`update public.build_content_queue set lease_expires_at = now() where id = ${id}`;
  await sql`select private.release_expired_work()`;
  const tally = await publishDue(isolate.services.database, queue, () => platform, quick);
  assertDeepEquals([tally.published, tally.found, devto.published.length], [1, 1, 1]);
  assertDeepEquals([(await read(id)).status, (await read(id)).external_id], ["done", "1"]);
});

Deno.test("silent between the platform's yes and our done: the next one finds it, the late one is refused", async () => {
  await clear();
  await using devto = await startDevto();
  await using late = startIsolate();
  await using next = startIsolate();
  const id = await addArticle();
  const platform = createDevto(devto.account, patience);
  let nextTally;
  const slow: Platform<Article> = {
    ...platform,
    async publish(item) {
      const publication = await platform.publish(item);
      await sql`update public.build_content_queue set lease_expires_at = now() where id = ${id}`;
      await sql`select private.release_expired_work()`;
      nextTally = await publishDue(next.services.database, queue, () => platform, quick);
      return { ...publication, externalId: "what the late one says" };
    },
  };
  const tally = await publishDue(late.services.database, queue, () => slow, quick);
  assertDeepEquals(tally, { published: 0, found: 0, retrying: 0, failed: 0, lost: 1 });
  assertDeepEquals(nextTally, { published: 1, found: 1, retrying: 0, failed: 0, lost: 0 });
  assertEquals(devto.published.length, 1);
  assertDeepEquals([(await read(id)).status, (await read(id)).external_id], ["done", "1"]);
});

Deno.test("cancelled while the platform is asked: it is not told", async () => {
  await clear();
  await using devto = await startDevto();
  await using isolate = startIsolate();
  const id = await addArticle();
  await sql`update public.build_content_queue set tried_at = now() where id = ${id}`;
  const platform = createDevto(devto.account, patience);
  const cancelled: Platform<Article> = {
    ...platform,
    async find(item, since) {
      await sql`select private.cancel_work(${queue}, array[${id}::bigint])`;
      return await platform.find(item, since);
    },
  };
  const tally = await publishDue(isolate.services.database, queue, () => cancelled, quick);
  assertDeepEquals([tally.lost, told(devto).length], [1, 0]);
});

Deno.test("what the platform refuses fails at once, with its words; redriven, it is asked first", async () => {
  await clear();
  await using devto = await startDevto();
  await using isolate = startIsolate({ devto: devto.accounts });
  const id = await addArticle();
  devto.moods = ["refuse"];
  const tally = (await isolate.ask(app, "POST", "/publish-build-content", {
    as: "service",
    body: {},
  })).body;
  assertDeepEquals([tally.failed, tally.retrying], [1, 0]);
  const row = await read(id);
  assertDeepEquals([row.status, row.attempts], ["failed", 1]);
  assertEquals(
    row.last_error,
    "the platform answered 422: Validation failed: Title is not what it should be",
  );
  devto.heard.length = 0;
  await sql`select private.redrive_work(${queue}, array[${id}::bigint])`;
  await isolate.ask(app, "POST", "/publish-build-content", { as: "service", body: {} });
  assertDeepEquals(devto.heard.map(({ method }) => method), ["GET", "POST"]);
  assertEquals((await read(id)).status, "done");
});

Deno.test("a wrong key fails at once and is not shown", async () => {
  await clear();
  await using devto = await startDevto();
  await using isolate = startIsolate({ devto: { ...devto.accounts, keys: "wrong-key" } });
  const id = await addArticle();
  await isolate.ask(app, "POST", "/publish-build-content", { as: "service", body: {} });
  const row = await read(id);
  assertDeepEquals([row.status, row.last_error], [
    "failed",
    "the platform answered 401: unauthorized",
  ]);
});

Deno.test("a busy platform is left alone for as long as it asks, and the attempt does not count", async () => {
  await clear();
  await using devto = await startDevto();
  await using isolate = startIsolate();
  const ids = [await addArticle(), await addArticle()];
  devto.moods = ["busy"];
  const platform = createDevto(devto.account, patience);
  const tally = await publishDue(isolate.services.database, queue, () => platform, quick);
  assertDeepEquals([tally.published, tally.retrying, devto.heard.length], [0, 2, 1]);
  const rows = await Promise.all(ids.map(read));
  assertDeepEquals(rows.map(({ attempts }) => attempts), [0, 0]);
  assertDeepEquals(rows.map(({ waits_long }) => waits_long), [true, true]);
});

Deno.test("a platform that cannot be asked is not told", async () => {
  await clear();
  await using devto = await startDevto();
  await using isolate = startIsolate();
  const id = await addArticle();
  devto.moods = ["accept-and-drop"];
  devto.questionMoods = ["fault"];
  const platform = createDevto(devto.account, patience);
  await publishDue(isolate.services.database, queue, () => platform, quick);
  await skipPause();
  assertEquals(
    (await publishDue(isolate.services.database, queue, () => platform, quick)).retrying,
    1,
  );
  assertDeepEquals([asked(devto).length, told(devto).length], [1, 1]);
  await skipPause();
  assertEquals(
    (await publishDue(isolate.services.database, queue, () => platform, quick)).found,
    1,
  );
  assertEquals((await read(id)).status, "done");
});

Deno.test("a try that arrives after we asked: the platform refuses the second, and it is found", async () => {
  await clear();
  await using devto = await startDevto();
  await using isolate = startIsolate();
  const id = await addArticle();
  devto.refusesDuplicates = true;
  devto.moods = ["accept-and-drop"];
  const platform = createDevto(devto.account, patience);
  await publishDue(isolate.services.database, queue, () => platform, quick);
  const late = devto.published.splice(0);
  await skipPause();
  let questions = 0;
  const tally = await publishDue(isolate.services.database, queue, () => ({
    ...platform,
    async find(item, since) {
      const found = await platform.find(item, since);
      if (questions++ === 0) devto.published.push(...late); // the slow one is through now
      return found;
    },
  }), quick);
  assertDeepEquals([tally.published, tally.found, devto.published.length], [1, 1, 1]);
  assertEquals((await read(id)).external_id, "1");
});

Deno.test("however often it is invoked at once, whatever the platform does, one article is one article", async () => {
  await clear();
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${seed}`);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor(state / 0x80000000 * below);
  };
  const moods: Mood[] = [
    "well",
    "drop",
    "fault",
    "accept-and-drop",
    "accept-and-fault",
    "busy",
  ];
  await using devto = await startDevto();
  await using one = startIsolate({ devto: devto.accounts });
  await using other = startIsolate({ devto: devto.accounts });
  const ids = await Promise.all(Array.from({ length: 6 }, () => addArticle({ max_attempts: 100 })));
  for (let round = 0; round < 40; round++) {
    devto.moods = round < 30 ? Array.from({ length: 3 }, () => moods[random(moods.length)]!) : [];
    devto.questionMoods = round < 30 && random(3) === 0 ? ["fault"] : [];
    await Promise.all(
      [one, other, one, other].map(({ services }) =>
        publishDue(services.database, queue, () => createDevto(devto.account, patience), quick)
      ),
    );
    await skipPause();
  }
  const rows = await Promise.all(ids.map(read));
  assertDeepEquals(rows.map(({ status }) => status), ids.map(() => "done"));
  assertEquals(devto.published.length, ids.length, `seed ${seed}`);
  assertEquals(new Set(devto.published.map(({ title }) => title)).size, ids.length);
  for (const row of rows) {
    assert(devto.published.some(({ url }) => url === row.posted_url), `seed ${seed}`);
  }
});

Deno.test("the articles of every business are published", async () => {
  await clear();
  await using devto = await startDevto();
  await using isolate = startIsolate({ devto: devto.accounts });
  await sql`create table public.tst_build_content_queue (like public.build_content_queue including all)`;
  try {
    await sql`select private.register_work_queue(
      'public.tst_build_content_queue', null, array['posted_url', 'external_id'], ${queue})`;
    await sql`insert into public.tst_build_content_queue (workspace_id, title, article, review_status)
      select ${workspace}, 'Of the other', 'Text', 'approved' from generate_series(1, 2)`;
    await addArticle();
    const { body } = await isolate.ask(app, "POST", "/publish-build-content", {
      as: "service",
      body: {},
    });
    assertEquals(body.published, 3);
    const [row] = await sql`
      select count(*) as n from public.tst_build_content_queue where status = 'done'`;
    assertEquals(row?.n, 2);
  } finally {
    await sql`delete from private.work_queues where name = 'tst_build_content_queue'`;
    await sql`drop table public.tst_build_content_queue`;
    await sql`drop function private.claim_tst_build_content_queue`;
  }
});

Deno.test("a workspace publishes with its own key, and without one not with another's", async () => {
  await clear();
  await using devto = await startDevto();
  const other = await createWorld(sql);
  await using isolate = startIsolate({
    devto: { ...devto.accounts, keys: { [workspace]: devto.account.key } },
  });
  const id = await addArticle();
  const foreign = await addArticle({ workspace_id: other.workspace });
  const { body } = await isolate.ask(app, "POST", "/publish-build-content", {
    as: "service",
    body: {},
  });
  assertDeepEquals([body.published, body.failed, devto.heard.length], [1, 1, 1]);
  assertEquals((await read(id)).status, "done");
  assertDeepEquals([(await read(foreign)).status, (await read(foreign)).last_error], [
    "failed",
    "the workspace has no account of the platform",
  ]);
});

Deno.test("without a key nothing due is fine, and something due is said loudly", async () => {
  await clear();
  await using isolate = startIsolate({ devto: null });
  const post = () =>
    isolate.ask(app, "POST", "/publish-build-content", { as: "service", body: {} });
  assertEquals((await post()).status, 200);
  const id = await addArticle();
  const { status, body } = await post();
  assertDeepEquals([status, body.error.code], [503, "unavailable"]);
  assertDeepEquals([(await read(id)).status, (await read(id)).attempts], ["pending", 0]);
  await clear();
});

Deno.test("who waits no longer is told so, and the work goes on", async () => {
  await clear();
  await using devto = await startDevto();
  await using isolate = startIsolate();
  const id = await addArticle();
  const platform = createDevto(devto.account, patience);
  const answered = Promise.withResolvers<void>();
  const slow = createApp("slow");
  slow.post(
    "/",
    route("service", "write", (context) =>
      answerPublishing(
        context,
        queue,
        () => ({
          ...platform,
          publish: (item) => answered.promise.then(() => platform.publish(item)),
        }),
        "",
        1,
      )),
  );
  const { status } = await isolate.ask(slow, "POST", "/slow", { as: "service", body: {} });
  assertEquals(status, 202);
  await eventually("it is claimed", async () => (await read(id)).status === "in_progress");
  answered.resolve();
  await eventually("it is published", async () => (await read(id)).status === "done");
});

Deno.test("people do not publish", async () => {
  const { status, body } = await ask("POST", "/publish-build-content", { as: admin, body: {} });
  assertDeepEquals([status, body.error.code], [401, "not_authenticated"]);
});
