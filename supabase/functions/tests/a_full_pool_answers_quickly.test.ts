import { assert, assertEquals, assertRefused } from "../_shared/asserts.ts";
import { createDatabase } from "../_shared/database.ts";
import { createTurnstile } from "../_shared/database-pool.ts";
import { app } from "../agents/index.ts";
import { connect, createWorld, environment, startIsolate } from "./world.ts";

const isEmbedded = async () => {
  const sql = connect();
  try {
    const [row] = await sql<{ is_embedded: boolean }[]>`
      select version() like '%emscripten%' or version() like '%wasm%' as is_embedded`;
    return row?.is_embedded ?? false;
  } finally {
    await sql.end();
  }
};

Deno.test("a turnstile lets in as many as there are places, then in the order of arrival", async () => {
  const turnstile = createTurnstile(2, 10);
  assertEquals(turnstile.enter(1000), undefined);
  assertEquals(turnstile.enter(1000), undefined);
  const order: string[] = [];
  const waiting = ["first", "second"].map(async (name) => {
    await turnstile.enter(1000);
    order.push(name);
  });
  assertEquals(turnstile.figures().waiting, 2);
  turnstile.leave();
  turnstile.leave();
  await Promise.all(waiting);
  assertEquals(order.join(), "first,second");
  turnstile.leave();
  turnstile.leave();
  assertEquals(turnstile.figures().busy, 0);
});

Deno.test("who waits too long, or finds the queue full, is refused", async () => {
  const turnstile = createTurnstile(1, 1);
  turnstile.enter(1000);
  const waiting = assertRefused(() => turnstile.enter(1), 503, "unavailable");
  await assertRefused(() => turnstile.enter(1), 503, "unavailable");
  await waiting;
  assertEquals(turnstile.figures().refused, 2);
  assertEquals(turnstile.figures().waiting, 0);
  turnstile.leave();
  assertEquals(turnstile.enter(1), undefined, "whoever gave up holds no place");
});

// The embedded database has one session: whoever sleeps there keeps everybody waiting.
const onRealDatabase = { ignore: await isEmbedded(), sanitizeResources: false, sanitizeOps: false };

Deno.test({
  name:
    "while every connection is busy a permission is refused before the work is done, and given again after it",
  ...onRealDatabase,
  async fn() {
    const sql = connect();
    const world = await createWorld(sql);
    await using isolate = startIsolate({ poolSize: 2, redis: null });
    const ask = () =>
      isolate.ask(app, "GET", "/agents", {
        as: world.owner,
        headers: { "x-consistency": "fresh" },
      });
    assertEquals((await ask()).status, 200);
    let isWorking = true;
    const work = Promise.all(
      [1, 2].map(() => isolate.services.database.run((sql) => sql`select pg_sleep(3)`)),
    ).finally(() => isWorking = false);
    const refused = await ask();
    assert(isWorking, "the answer came while the pool was still full");
    assertEquals(refused.status, 503);
    assertEquals(refused.body.error.code, "unavailable");
    assertEquals(refused.headers.get("retry-after"), "1");
    await work;
    assertEquals((await ask()).status, 200);
    await sql.end();
  },
});

Deno.test({
  name: "a query past its deadline is cancelled on the server and gives its place back",
  ...onRealDatabase,
  async fn() {
    const database = createDatabase({ ...environment, poolSize: 1 });
    const mark = `deadline ${crypto.randomUUID()}`;
    await assertRefused(
      () => database.run((sql) => sql`select pg_sleep(60), ${mark}::text`, { query: 100 }),
      503,
      "unavailable",
    );
    const [row] = await database.run((sql) => sql<{ one: number }[]>`select 1 as one`);
    assertEquals(row?.one, 1);
    await database.close();
  },
});

Deno.test({
  name: "a database that is away is 503 and not a wait",
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    const nobody = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const { port } = nobody.addr;
    nobody.close();
    await using isolate = startIsolate({
      databaseUrl: `postgresql://postgres@127.0.0.1:${port}/postgres`,
      redis: null,
    });
    const sql = connect();
    const world = await createWorld(sql);
    await sql.end();
    const answered = await isolate.ask(app, "GET", "/agents", { as: world.owner });
    assertEquals(answered.status, 503);
    assertEquals(answered.body.error.code, "unavailable");
  },
});
