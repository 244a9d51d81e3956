/** The routes that need no credential count their callers by the network that they come from. */
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { rateLimitDefaults } from "../_shared/rate-limits.ts";
import { app as account } from "../account/index.ts";
import { app as connections } from "../connections/index.ts";
import { connectAccount, letJobRun, startOpenIsolate, visitProvider } from "./connections-world.ts";
import { startProvider } from "./oauth-server.ts";
import { connect, createWorld, type Isolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, member } = world;
await letJobRun(sql, false);
Deno.test.afterAll(async () => {
  await letJobRun(sql, true);
  await sql.end();
});

const limited = { rateLimits: { ...rateLimitDefaults, anonymous: 10 } };
/** A network that no other run has: counters outlive a run. */
function network(): string {
  const [a = 0, b = 0] = crypto.getRandomValues(new Uint16Array(2));
  return `2001:db8:${a.toString(16)}:${b.toString(16)}::1`;
}

/** Waits for the next minute when this one is nearly over: all of a test is in one window. */
async function beginWindow(): Promise<void> {
  const left = 60_000 - Date.now() % 60_000;
  if (left < 15_000) await new Promise((resolve) => setTimeout(resolve, left + 50));
}

async function callBack(isolate: Isolate, from: string, query: string) {
  const headers = { "cf-connecting-ip": from };
  return await isolate.ask(connections, "GET", `/connections/callback?${query}`, { headers });
}

async function useUp(isolate: Isolate, from: string): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const refused = await callBack(isolate, from, `state=guess-${i}`);
    assertDeepEquals([refused.status, refused.body.error.code], [400, "state_invalid"]);
  }
}

Deno.test("whoever guesses states is refused after their limit, and nobody else is", async () => {
  await beginWindow();
  await using isolate = startOpenIsolate(limited);
  await using provider = await startProvider(sql);
  const guesser = network();
  const back = await visitProvider(isolate, provider, member, workspace);
  await useUp(isolate, guesser);
  const refused = await callBack(isolate, guesser, String(back));
  assertDeepEquals([refused.status, refused.body.error.code], [429, "rate_limited"]);
  assert(Number(refused.headers.get("retry-after")) > 0);
  assert(!provider.state.paths.includes("/token"), "refused before anything was asked");
  const { status, body, headers } = await callBack(isolate, network(), String(back));
  assertDeepEquals([status, body.status], [200, "active"], "the state is as good as before");
  assertEquals(headers.get("ratelimit-remaining"), "9");
});

Deno.test("callers of whom nothing is known share one allowance, far from those who are known", async () => {
  await beginWindow();
  await using isolate = startOpenIsolate(limited);
  await using provider = await startProvider(sql);
  await connectAccount(isolate, provider, member, workspace);
  const statuses = [];
  for (let i = 0; i < 10; i++) {
    const headers = { "x-forwarded-for": `client ${i}` };
    const said = { headers };
    statuses.push(
      (await isolate.ask(connections, "GET", "/connections/callback?state=x", said)).status,
    );
  }
  assertEquals(statuses.at(-1), 429);
  assertEquals((await callBack(isolate, network(), "state=x")).status, 400);
});

Deno.test("isolates count together", async () => {
  await beginWindow();
  await using one = startOpenIsolate(limited);
  await using other = startOpenIsolate(limited);
  const guesser = network();
  await useUp(one, guesser);
  await eventually(
    "the other knows of it",
    async () => (await callBack(other, guesser, "state=x")).status === 429,
  );
  assertEquals((await callBack(other, network(), "state=x")).status, 400);
});

Deno.test("receipts of erasures are not guessed without end either", async () => {
  await beginWindow();
  await using isolate = startOpenIsolate(limited);
  const headers = { "cf-connecting-ip": network() };
  const look = async () =>
    (await isolate.ask(account, "GET", `/account/erasures/${crypto.randomUUID()}`, { headers }))
      .status;
  for (let i = 0; i < 10; i++) assertEquals(await look(), 404);
  assertEquals(await look(), 429);
  headers["cf-connecting-ip"] = network();
  assertEquals(await look(), 404);
});
