import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { localEmbedder } from "../_shared/embedding/embedder.ts";
import { createServices } from "../_shared/services.ts";
import { serve } from "../_shared/http/app.ts";
import { app as embed } from "../embed/index.ts";
import { pauseEmbedding } from "./embedding-world.ts";
import { ask, connect, createWorld, environment, type Said, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member, guest, owner, outsider } = world;
const resumeEmbedding = await pauseEmbedding(sql);
Deno.test.afterAll(async () => {
  await resumeEmbedding();
  await sql.end();
});

const put = (path: string, content: string, as: Said["as"], changes = {}) =>
  ask("POST", "/knowledge/documents", {
    as,
    body: { workspace_id: workspace, path, content, language: "en", ...changes },
  });
const search = async (query: string, as: Said["as"], changes = {}) =>
  (await ask("POST", "/knowledge/search", {
    as,
    body: { workspace_id: workspace, query, ...changes },
  })).body;
const paths = async (...given: Parameters<typeof search>): Promise<string[]> =>
  (await search(...given)).passages.map((one: { path: string }) => one.path);

/** Works off everything that waits. */
async function embedAll() {
  for (let round = 0; round < 20; round++) {
    const { body } = await ask("POST", "/embed", { as: "service", body: {} });
    if (body.embedded + body.stale + body.failed === 0) return;
  }
}

Deno.test("members put documents, their chunks are embedded, and both words and meaning find them", async () => {
  const first = await put(
    "handbook.leave",
    "# Leave\nEverybody has thirty days of vacation.\n# Sickness\nCall before nine.",
    member,
    { tags: ["hr"] },
  );
  assertDeepEquals([first.status, first.body.is_new], [201, true]);
  const again = await put("handbook.leave", "# Leave\nThirty days of vacation.", owner, {
    tags: ["hr"],
  });
  assertDeepEquals(
    [again.status, again.body.id, again.body.is_changed],
    [200, first.body.id, true],
  );
  await put("projects.apollo", "Apollo flies in spring.", member);
  await embedAll();
  const [row] = await sql`
    select count(*) as n, count(embedding) as embedded, min(embedding_model) as model,
      min(d.created_by::text) as creator
    from public.document_chunks as c join public.documents as d on d.id = c.document_id
    where c.workspace_id = ${workspace}`;
  assertDeepEquals({ ...row }, {
    n: 2,
    embedded: 2,
    model: localEmbedder.model,
    creator: member.id,
  });
  const { passages: [found], by_meaning } = await search("thirty vacation days", member);
  assertEquals(by_meaning, true);
  assertDeepEquals([found.path, found.heading], ["handbook.leave", "Leave"]);
  assert(found.similarity > 0.5, String(found.similarity));
  assertDeepEquals(await paths("days", member, { within: "projects", limit: 1 }), [
    "projects.apollo",
  ]);
  assertDeepEquals(await paths("days", member, { tags: ["hr"] }), ["handbook.leave"]);
});

Deno.test("a document is cut alike, whether it comes by the function or by the Data API", async () => {
  const texts = [
    "# A\nfirst\n# B\n```\ncode\n\n## Important\nThe refund limit is 500 EUR.",
    "# Setup\nRun this:\n```sh\nnpm start",
    "```ls -la``` lists files\nAnd more follows.",
    "# Emergency number is 4711",
    "\ufeff---\ntitle: Pricing\n---\n# Prices\r\nTen.\r# Last",
  ];
  for (const [n, text] of texts.entries()) {
    assertEquals((await put(`ways.f${n}`, text, member)).status, 201);
    await sql`select public.put_document(${workspace}, ${`ways.d${n}`}, ${text}, language => 'en')`;
    const cut = (way: string) =>
      sql<{ heading: string | null; content: string }[]>`
        select c.heading, c.content
        from public.document_chunks as c join public.documents as d on d.id = c.document_id
        where d.workspace_id = ${workspace} and d.path = ${`ways.${way}${n}`}::extensions.ltree
        order by c.ordinal`;
    const [one, other] = await Promise.all([cut("f"), cut("d")]);
    assert(one.length > 0, text);
    assertDeepEquals(
      one.map((chunk) => ({ ...chunk })),
      other.map((chunk) => ({ ...chunk })),
      text,
    );
  }
  await sql`
    delete from public.documents
    where workspace_id = ${workspace} and path operator(extensions.<@) 'ways'`;
});

Deno.test("guests have their own documents and see nothing of the shared ones", async () => {
  const refused = await put("handbook.guest", "x", guest);
  assertDeepEquals([refused.status, refused.body.error.code], [403, "forbidden"]);
  assertEquals((await put("notes", "My vacation notes.", guest, { own: true })).status, 201);
  assertDeepEquals(await paths("vacation", guest), ["notes"]);
  assert(!(await paths("vacation", member)).includes("notes"));
  assertEquals((await put("x", "x", outsider)).status, 404);
  assertEquals((await search("vacation", outsider)).error.code, "not_found");
});

Deno.test("the service searches what is shared, or as a person", async () => {
  assertDeepEquals(await paths("vacation", "service", { limit: 1 }), ["handbook.leave"]);
  assertDeepEquals(await paths("vacation", "service", { user_id: guest.id }), ["notes"]);
});

Deno.test("a folder is moved, whole or not at all", async () => {
  const move = (from: string, to: string, as: Said["as"] = member) =>
    ask("POST", "/knowledge/move", { as, body: { workspace_id: workspace, from, to } });
  assertDeepEquals((await move("handbook", "archive.handbook")).body, { moved: 1 });
  assertDeepEquals(await paths("vacation", member, { within: "archive" }), [
    "archive.handbook.leave",
  ]);
  assertEquals(
    (await move("projects.apollo", "archive.handbook.leave")).body.error.code,
    "path_taken",
  );
  assertEquals((await move("nothing", "x")).status, 404);
  assertEquals((await move("archive", "x", guest)).status, 403);
});

Deno.test("embed is for the service alone", async () => {
  assertEquals((await ask("POST", "/embed", { as: member, body: {} })).status, 401);
});

Deno.test("one text that the model refuses fails alone, with the reason; the others are embedded", async () => {
  await embedAll();
  const asked: number[] = [];
  const model = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { input } = await request.json() as { input: string[] };
      asked.push(input.length);
      if (input.some((text) => text.includes("unspeakable"))) {
        return new Response("no", { status: 400 });
      }
      const vectors = await localEmbedder.embed(input);
      return Response.json({ data: vectors.map((embedding, index) => ({ index, embedding })) });
    },
  );
  try {
    for (let n = 0; n < 8; n++) {
      await put(`refusals.t${n}`, n === 5 ? "An unspeakable word." : `Word number ${n}.`, member);
    }
    await using isolate = startIsolate({
      embedder: {
        kind: "endpoint",
        endpoint: {
          url: `http://127.0.0.1:${model.addr.port}`,
          key: null,
          model: localEmbedder.model,
        },
      },
    });
    const told = await isolate.ask(embed, "POST", "/embed", { as: "service", body: {} });
    assertDeepEquals([told.status, told.body.embedded, told.body.failed], [200, 7, 1]);
    // Eight, and then by halves.
    assertDeepEquals(asked, [8, 4, 4, 2, 1, 1, 2]);
    const rows = await sql`
      select d.name, c.embedding is not null as is_embedded, j.status, j.last_error
      from public.documents as d join public.document_chunks as c on c.document_id = d.id
      join public.embedding_jobs as j on j.target_id = c.id
      where d.workspace_id = ${workspace} and d.path operator(extensions.<@) 'refusals'
        and (c.embedding is null or j.status <> 'done')`;
    assertDeepEquals(
      rows.map(({ is_embedded, status, last_error }) => [is_embedded, status, last_error]),
      [[false, "pending", "The embedder refused a text: it answered 400."]],
    );
  } finally {
    await model.shutdown();
    // Not for the tests that follow.
    await sql`
      delete from public.documents
      where workspace_id = ${workspace} and path operator(extensions.<@) 'refusals'`;
  }
});

Deno.test({
  name:
    "a failing embedder fails the jobs, which are tried again; what changed meanwhile is not overwritten",
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    await embedAll();
    const { body: { id } } = await put("race", "The first words.", member);
    await using away = startIsolate({
      embedder: {
        kind: "endpoint",
        endpoint: { url: "http://127.0.0.1:9", key: null, model: localEmbedder.model },
      },
    });
    const failed = await away.ask(embed, "POST", "/embed", { as: "service", body: {} });
    assertDeepEquals([failed.status, failed.body.failed], [200, 1]);
    const [job] = await sql`
      select status, attempts, last_error from public.embedding_jobs
      where target_id in (select id from public.document_chunks where document_id = ${id})`;
    assertDeepEquals([job?.status, job?.attempts, job?.last_error], [
      "pending",
      1,
      "The embedder is away.",
    ]);
    await sql`update public.embedding_jobs set scheduled_for = now() where status = 'pending'`;

    // An isolate whose embedder takes so long that the text has changed when it answers.
    const services = createServices(environment);
    const slow = {
      ...services,
      embedder: {
        model: localEmbedder.model,
        async embed(texts: readonly string[]) {
          await sql`update public.document_chunks set content = 'Other words.' where document_id = ${id}`;
          return await localEmbedder.embed(texts);
        },
      },
    };
    const request = new Request(`${environment.url}/embed`, {
      method: "POST",
      headers: { apikey: environment.secretKeys.default ?? "", "content-type": "application/json" },
      body: "{}",
    });
    const told = await (await serve(embed, () => slow).fetch(request)).json();
    assert(told.stale >= 1, JSON.stringify(told));
    services.scratchpad.stop();
    await services.database.close();
    await embedAll();
    const [[chunk], [expected]] = await Promise.all([
      sql`select embedding::text from public.document_chunks where document_id = ${id}`,
      localEmbedder.embed(["Other words."]),
    ]);
    const stored: number[] = JSON.parse(chunk?.embedding);
    const similarity = stored.reduce((sum, value, i) => sum + value * (expected?.[i] ?? NaN), 0);
    assert(similarity > 0.999, `the embedding is of the newer words: ${similarity}`);
  },
});
