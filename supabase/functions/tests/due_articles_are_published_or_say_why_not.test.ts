import { noAccount } from "../_shared/platform-accounts.ts";
import { everybodys } from "./publishing-platforms.ts";
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { answerPublishing } from "../_shared/publishing/answer-publishing.ts";
import { createApp } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { articles, drill, sql, told } from "./articles.ts";
import { ask, createWorld, startIsolate } from "./world.ts";

const { add, invoke, publish, read, workspace } = articles;
const queue = "build_content_queue";

drill(
  "what is due is published as Dev.to wants it; drafts and later ones are not",
  async ({ devto, isolate }) => {
    const id = await add({
      title: "How it is built",
      article: "---\ntitle: Other\npublished: false\n---\n# Built\n\nWell.",
      tags: '{Post-gres,AI,"Déjà vu","web dev",fifth}',
      canonical_url: "https://acme.example/built",
    });
    await add({ review_status: "draft" });
    await add({ publish_at: new Date(Date.now() + 3_600_000) });
    const answered = await invoke(isolate);
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
    assertEquals((await invoke(isolate)).body.published, 0);
    assertEquals(devto.published.length, 1);
  },
);

drill(
  "what the platform refuses fails at once, with its words; redriven, it is asked first",
  async ({ devto, isolate }) => {
    const id = await add();
    devto.moods = ["refuse"];
    const { body: tally } = await invoke(isolate);
    assertDeepEquals([tally.failed, tally.retrying], [1, 0]);
    const row = await read(id);
    assertDeepEquals([row.status, row.attempts], ["failed", 1]);
    assertEquals(
      row.last_error,
      "the platform answered 422: Validation failed: Title is not what it should be",
    );
    devto.heard.length = 0;
    await sql`select private.redrive_work(${queue}, array[${id}::bigint])`;
    await invoke(isolate);
    assertDeepEquals(devto.heard.map(({ method }) => method), ["GET", "POST"]);
    assertEquals((await read(id)).status, "done");
  },
);

drill("a wrong key fails at once and is not shown", async ({ devto }) => {
  await using isolate = startIsolate({
    devto: { ...devto.accounts, keys: everybodys("wrong-key") },
  });
  const id = await add();
  await invoke(isolate);
  const row = await read(id);
  assertDeepEquals([row.status, row.last_error], [
    "failed",
    "the platform answered 401: unauthorized",
  ]);
});

drill(
  "a busy platform is left alone for as long as it asks, and the attempt does not count",
  async ({ devto, isolate, platform }) => {
    const ids = [await add(), await add()];
    devto.moods = ["busy"];
    const tally = await publish(isolate, platform);
    assertDeepEquals([tally.published, tally.retrying, devto.heard.length], [0, 2, 1]);
    const rows = await Promise.all(ids.map(read));
    assertDeepEquals(rows.map(({ attempts }) => attempts), [0, 0]);
    assertDeepEquals(rows.map(({ waits_long }) => waits_long), [true, true]);
  },
);

drill("the articles of every business are published", async ({ isolate }) => {
  await sql`create table public.tst_build_content_queue (like public.build_content_queue including all)`;
  try {
    await sql`select private.register_work_queue(
      'public.tst_build_content_queue', null, array['posted_url', 'external_id'], ${queue})`;
    await sql`insert into public.tst_build_content_queue (workspace_id, title, article, review_status)
      select ${workspace}, 'Of the other', 'Text', 'approved' from generate_series(1, 2)`;
    await add();
    assertEquals((await invoke(isolate)).body.published, 3);
    const [row] = await sql`
      select count(*) as n from public.tst_build_content_queue where status = 'done'`;
    assertEquals(row?.n, 2);
  } finally {
    await sql`delete from private.work_queues where name = 'tst_build_content_queue'`;
    await sql`drop table public.tst_build_content_queue`;
    await sql`drop function private.claim_tst_build_content_queue`;
  }
});

drill(
  "a workspace publishes with its own key, and without one not with another's",
  async ({ devto }) => {
    const other = await createWorld(sql);
    await using isolate = startIsolate({
      devto: { ...devto.accounts, keys: { [workspace]: devto.account.key } },
    });
    const id = await add();
    const foreign = await add({ workspace_id: other.workspace });
    const { body } = await invoke(isolate);
    assertDeepEquals([body.published, body.failed, devto.heard.length], [1, 1, 1]);
    assertEquals((await read(id)).status, "done");
    assertDeepEquals([(await read(foreign)).status, (await read(foreign)).last_error], [
      "failed",
      noAccount,
    ]);
  },
);

drill("a single key publishes for nobody where there are several workspaces", async ({ devto }) => {
  await using isolate = startIsolate({ devto: { ...devto.accounts, keys: devto.account.key } });
  const id = await add();
  const { body } = await invoke(isolate);
  assertDeepEquals([body.published, body.failed, devto.heard.length], [0, 1, 0]);
  assertEquals((await read(id)).last_error, noAccount);
});

drill("without a key nothing due is fine, and something due is said loudly", async () => {
  await using isolate = startIsolate({ devto: null });
  assertEquals((await invoke(isolate)).status, 200);
  const id = await add();
  const { status, body } = await invoke(isolate);
  assertDeepEquals([status, body.error.code], [503, "unavailable"]);
  assertDeepEquals([(await read(id)).status, (await read(id)).attempts], ["pending", 0]);
  await articles.clear();
});

drill("who waits no longer is told so, and the work goes on", async ({ isolate, platform }) => {
  const id = await add();
  const answered = Promise.withResolvers<void>();
  const slow = createApp("publish-build-content"); // whose document says what is answered
  slow.post(
    "/",
    route("service", "write", (context) =>
      answerPublishing(
        context,
        queue,
        () =>
          Promise.resolve(() => ({
            ...platform,
            publish: (item: Parameters<typeof platform.publish>[0]) =>
              answered.promise.then(() => platform.publish(item)),
          })),
        "",
        1,
      )),
  );
  const { status } = await isolate.ask(slow, "POST", "/publish-build-content", {
    as: "service",
    body: {},
  });
  assertEquals(status, 202);
  await eventually("it is claimed", async () => (await read(id)).status === "in_progress");
  answered.resolve();
  await eventually("it is published", async () => (await read(id)).status === "done");
});

Deno.test("people do not publish", async () => {
  const { status, body } = await ask("POST", "/publish-build-content", {
    as: articles.admin,
    body: {},
  });
  assertDeepEquals([status, body.error.code], [401, "not_authenticated"]);
});
