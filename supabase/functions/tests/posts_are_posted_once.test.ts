import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { app } from "../publish-social-content/index.ts";
import { createPostingService } from "../publish-social-content/posting-service.ts";
import { createContentQueue, patience } from "./content-queues.ts";
import { type Mood, startPostingService } from "./publishing-platforms.ts";
import { ask, connect, startIsolate } from "./world.ts";

const sql = connect();
Deno.test.afterAll(() => sql.end());
const queue = "content_queue";
const { add, admin, clear, invoke, publish, read, skipPause } = await createContentQueue(sql, {
  queue,
  app,
  path: "/publish-social-content",
  usual: () => ({ caption: "Look.", platform: "bluesky" }),
});

Deno.test("what is due is posted, its video handed on and not fetched", async () => {
  await clear();
  await using service = await startPostingService();
  await using isolate = startIsolate({ social: service.accounts });
  const id = await add({
    hashtags: '{"#ai",deep work}',
    platform: "youtube",
    video_url: "https://cdn.acme.example/1.mp4",
    script: "Said in the video.",
  });
  await add({ review_status: "draft" });
  const answered = await invoke(isolate);
  assertDeepEquals([answered.status, answered.body.published], [200, 1]);
  const row = await read(id);
  assertDeepEquals([row.posting_status, row.posted_url, row.external_id], [
    "posted",
    "https://network.example/post-1",
    "post-1",
  ]);
  assertDeepEquals(service.heard.map(({ method, path, body }) => ({ method, path, body })), [{
    method: "POST",
    path: "/api/post",
    body: {
      post: "Look.\n\n#ai #deepwork",
      platforms: ["youtube"],
      mediaUrls: ["https://cdn.acme.example/1.mp4"],
      idempotencyKey: row.reference,
      notes: row.reference,
    },
  }]);
});

for (const mood of ["accept-and-drop", "accept-and-fault", "accept-and-hang"] satisfies Mood[]) {
  Deno.test(`accepted, and nobody learnt of it: ${mood}; the history is asked and it is one`, async () => {
    await clear();
    await using service = await startPostingService();
    await using isolate = startIsolate();
    const id = await add();
    service.moods = [mood];
    const platform = createPostingService(service.account, patience);
    await publish(isolate, platform);
    assertEquals((await read(id)).posting_status, "scheduled");
    await skipPause();
    const tally = await publish(isolate, platform);
    assertDeepEquals([tally.published, tally.found, service.published.length], [1, 1, 1]);
    assertEquals((await read(id)).external_id, "post-1");
  });
}

Deno.test("what the network refused is failed with its words, and posted anew when it is redriven", async () => {
  await clear();
  await using service = await startPostingService();
  await using isolate = startIsolate({ social: service.accounts });
  service.refusesDuplicates = true;
  const id = await add();
  const { reference } = await read(id);
  service.published.push({
    id: "post-0",
    status: "error",
    notes: reference,
    idempotencyKey: reference,
    errors: [{ message: "The video is too long." }],
  });
  assertEquals((await invoke(isolate)).body.failed, 1);
  assertEquals((await read(id)).posting_status, "failed");
  await sql`select private.redrive_work(${queue}, array[${id}::bigint])`;
  assertEquals((await invoke(isolate)).body.published, 1);
  assertEquals(service.heard.at(-1)?.body.idempotencyKey, `${reference}.2`);
  assertEquals((await read(id)).posting_status, "posted");
});

Deno.test("an answer that says error is a refusal", async () => {
  await clear();
  await using service = await startPostingService();
  await using isolate = startIsolate({ social: service.accounts });
  const id = await add();
  // What it takes up it answers with; this one says that the network did not.
  const accept = service.published;
  accept.unshift = (made) => {
    Object.assign(made, { status: "error", postIds: [], errors: [{ message: "Too long." }] });
    return Array.prototype.unshift.call(accept, made);
  };
  await invoke(isolate);
  const row = await read(id);
  assertDeepEquals([row.posting_status, row.last_error], [
    "failed",
    "the network refused it: Too long.",
  ]);
});

Deno.test("however often it is invoked at once, one post is one post", async () => {
  await clear();
  await using service = await startPostingService();
  const isolates = Array.from({ length: 4 }, () => startIsolate({ social: service.accounts }));
  await Promise.all(Array.from({ length: 8 }, () => add()));
  const answers = await Promise.all([...isolates, ...isolates].map(invoke));
  await Promise.all(isolates.map((isolate) => isolate[Symbol.asyncDispose]()));
  assert(answers.every(({ status }) => status === 200));
  assertEquals(answers.reduce((sum, { body }) => sum + body.published, 0), 8);
  assertEquals(new Set(service.published.map(({ notes }) => notes)).size, 8);
  assertEquals(service.published.length, 8);
});

Deno.test("without a key nothing due is fine, and something due is said loudly", async () => {
  await clear();
  await using isolate = startIsolate({ social: null });
  assertEquals((await invoke(isolate)).status, 200);
  await add();
  assertDeepEquals([(await invoke(isolate)).status, (await invoke(isolate)).body.error.code], [
    503,
    "unavailable",
  ]);
  await clear();
});

Deno.test("people do not post", async () => {
  const { status, body } = await ask("POST", "/publish-social-content", { as: admin, body: {} });
  assertDeepEquals([status, body.error.code], [401, "not_authenticated"]);
});
