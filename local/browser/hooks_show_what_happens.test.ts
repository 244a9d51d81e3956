/** The package's React hooks in a real browser, in StrictMode, in the windows of several people. */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { createGroundworkClient } from "../../types/client.ts";
import { writeStream } from "../../types/streams.ts";
import { runDeno } from "../checks/deno.ts";
import { withBrowser } from "./chromium.ts";
import type { Hooks, HooksPage, Shown } from "./hooks-page.ts";

const required = (name: string): string => {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is not set: run this by npm test -- --only browser`);
  return value;
};
const url = required("SUPABASE_URL");
const key = required("SUPABASE_PUBLISHABLE_KEY");
const secretKey = required("SUPABASE_SECRET_KEY");
const service = createGroundworkClient(url, secretKey, {
  auth: { persistSession: false, autoRefreshToken: false },
});

/** Serves the page, built for browsers, on a free port of loopback. */
async function servePage(): Promise<{ origin: string; stop: () => Promise<void> }> {
  const file = await Deno.makeTempFile({ prefix: "groundwork-hooks-", suffix: ".js" });
  const bundled = await runDeno(
    ["bundle", "--quiet", "--platform=browser", `--output=${file}`, "local/browser/hooks-page.ts"],
  );
  assert.ok(bundled.success, bundled.stderr);
  const script = await Deno.readTextFile(file);
  await Deno.remove(file);
  // React looks there for which of its two builds it is to be: the one that complains.
  const html = `<!doctype html><title>Hooks</title><body>
    <script>
      globalThis.process = { env: { NODE_ENV: "development" } };
      globalThis.sockets = [];
      globalThis.WebSocket = class extends WebSocket {
        constructor(...given) {
          super(...given);
          sockets.push(this);
        }
      };
    </script>
    <script type="module" src="/page.js"></script>`;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const isScript = new URL(request.url).pathname === "/page.js";
    return new Response(isScript ? script : html, {
      headers: { "content-type": isScript ? "text/javascript" : "text/html" },
    });
  });
  return { origin: `http://127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
}

/** What the windows' consoles complained of. */
const complaints: string[] = [];

async function open(browser: Browser, origin: string, email: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    const isOurs = message.type() === "error" && !message.text().startsWith("Failed to load");
    if (isOurs && !message.text().includes("net::ERR_")) complaints.push(message.text());
  });
  await enter(page, origin, email);
  return page;
}

async function enter(page: Page, origin: string, email: string): Promise<void> {
  await page.goto(origin);
  const error = await page.evaluate(
    ({ url, key, email }) => (globalThis as unknown as HooksPage).signIn(url, key, email),
    { url, key, email },
  );
  assert.equal(error, null);
}

const show = (page: Page, shown: Partial<Shown>) =>
  page.evaluate(
    (shown) => (globalThis as unknown as HooksPage).show(shown),
    { conversation: null, stream: null, workspace: null, type: "research", ...shown },
  );

/** What hooks return, or do, in a page. */
async function within<Result, Given>(
  page: Page,
  look: (hooks: Hooks, given: Given) => Result,
  given?: Given,
): Promise<Awaited<Result>> {
  const hooks = await page.evaluateHandle(() => (globalThis as unknown as HooksPage).hooks);
  return await hooks.evaluate(look as never, given) as Awaited<Result>;
}

/** Waits until a page says something; the message of a failure is what it says instead. */
async function sees<Value>(page: Page, wanted: Value, look: (hooks: Hooks) => Value) {
  // A minute: who was here in the test before, in a window that closed, is here for 45 s more.
  let seen: unknown;
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    seen = await within(page, look).catch((error) => String(error));
    if (JSON.stringify(seen) === JSON.stringify(wanted)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(seen, wanted);
}

/** What stands in the page itself. */
const written = (page: Page) => page.locator("p").allTextContents();
async function reads(page: Page, ...wanted: string[]): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    if ((await written(page)).join("|") === wanted.join("|")) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(await written(page), wanted);
}

interface Windows {
  origin: string;
  juan: Page;
  ben: Page;
  olga: Page;
  /** Juan's, which the workspace reads. */
  conversation: string;
  workspace: string;
}

Deno.test({
  name: "React's hooks show conversations, streams, presence and background queries as they become",
  // The browser's connection is Playwright's own, and supabase-js keeps timers.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(test) {
    const { origin, stop } = await servePage();
    try {
      await withBrowser(required("GROUNDWORK_TEST_CHROMIUM"), async (browser) => {
        const [juan, ben, olga] = [
          await open(browser, origin, "juan@acme.example"),
          await open(browser, origin, "ben@acme.example"),
          await open(browser, origin, "olga@globex.example"),
        ];
        const { data: person } = await service.from("profiles").select("user_id")
          .eq("email", "juan@acme.example").single().throwOnError();
        const { data: acme } = await service.from("workspaces").select("id").eq("slug", "acme")
          .single().throwOnError();
        const { data: talk } = await service.from("conversations").insert({
          workspace_id: acme.id,
          user_id: person.user_id,
          visibility: "workspace",
        }).select("id").single().throwOnError();
        const windows = {
          origin,
          juan,
          ben,
          olga,
          conversation: talk.id,
          workspace: acme.id,
        };
        await conversations(test, windows);
        await streams(test, windows);
        await presence(test, windows);
        await queries(test, windows);
        await ending(test, windows);
        assert.deepEqual(complaints, []);
      });
    } finally {
      await stop();
    }
  },
});

async function conversations(
  test: Deno.TestContext,
  { juan, ben, olga, conversation }: Windows,
): Promise<void> {
  const say = (page: Page, text: string) =>
    within(page, ({ conversation }, text) => conversation.say(text).then(({ id }) => id), text);
  await test.step("what is said is shown in two windows, and not in a stranger's", async () => {
    for (const page of [juan, ben, olga]) await show(page, { conversation });
    await sees(juan, "ready", ({ conversation }) => conversation.status);
    for (const text of ["one", "two", "three", "four"]) await say(juan, text);
    for (const page of [juan, ben]) await reads(page, "one", "two", "three", "four");
    // Who comes later is shown a page of it.
    await show(ben, {});
    await reads(ben);
    await show(ben, { conversation });
    await reads(ben, "two", "three", "four");
    await sees(ben, true, ({ conversation }) => conversation.hasOlder);
    await within(ben, ({ conversation }) => conversation.loadOlder());
    await reads(ben, "one", "two", "three", "four");
    await sees(ben, false, ({ conversation }) => conversation.hasOlder);
    await sees(olga, "gone", ({ conversation }) => conversation.status);
    assert.deepEqual(await written(olga), []);
  });
  await test.step("an edit is another branch, and one may go back", async () => {
    await within(juan, async ({ conversation }) => {
      await conversation.say("deux", { instead_of: conversation.messages[1]!.id });
    });
    for (const page of [juan, ben]) await reads(page, "one", "deux");
    const { data } = await service.from("messages").select("id, parts")
      .eq("conversation_id", conversation).throwOnError();
    const four = data.find(({ parts }) => JSON.stringify(parts).includes("four"))!.id;
    await within(juan, ({ conversation }, four) => conversation.select(four), four);
    await reads(juan, "two", "three", "four");
    await reads(ben, "two", "three", "four");
  });
  await test.step("what was said while the connection was lost is shown afterwards", async () => {
    const session = await ben.context().newCDPSession(ben);
    await session.send("Network.enable");
    const offline = (offline: boolean) =>
      session.send("Network.emulateNetworkConditions", {
        offline,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      });
    await offline(true);
    // A browser notices with the next heartbeat only, which nobody waits for here.
    await ben.evaluate(() => {
      for (const socket of (globalThis as unknown as HooksPage).sockets) socket.close();
    });
    await ben.waitForFunction(() => !(globalThis as unknown as HooksPage).isConnected());
    await say(juan, "five");
    await reads(juan, "two", "three", "four", "five");
    assert.deepEqual(await written(ben), ["two", "three", "four"]);
    await offline(false);
    await session.detach();
    await reads(ben, "two", "three", "four", "five");
  });
  await test.step("a refusal is thrown with its code", async () => {
    const code = await within(
      olga,
      ({ conversation }) => conversation.say("hello").then(() => null, ({ code }) => code),
    );
    assert.equal(code, "not_found");
  });
}

async function streams(
  test: Deno.TestContext,
  { juan, ben, conversation }: Windows,
): Promise<void> {
  await test.step("an answer grows, is stopped, and is its asker's alone", async () => {
    const answer = await writeStream({ url, key: secretKey }, { conversation_id: conversation });
    for (const page of [juan, ben]) await show(page, { conversation, stream: answer.id });
    answer.say("Good ");
    await sees(juan, "reading Good ", ({ stream }) => `${stream.status} ${stream.text}`);
    answer.say(JSON.stringify({ type: "text-delta", id: "0", delta: "morning" }));
    await sees(juan, "Good morning", ({ stream }) => stream.text);
    assert.equal(await juan.locator("output").textContent(), "Good morning");
    await within(juan, ({ stream }) => stream.stop());
    const stopped = new Promise((resolve) => answer.stopped.addEventListener("abort", resolve));
    answer.say("!");
    await stopped;
    await answer.finish({ message: { parts: [{ type: "text", text: "Good morning!" }] } });
    await sees(
      juan,
      ["stopped", "Good morning!", answer.message_id],
      ({ stream }) => [stream.status, stream.text, stream.message_id],
    );
    for (const page of [juan, ben]) {
      await sees(
        page,
        true,
        ({ conversation }) =>
          JSON.stringify(conversation.messages.at(-1)).includes("Good morning!"),
      );
    }
    await sees(ben, "refused", ({ stream }) => stream.status);
    await show(juan, { conversation });
    await sees(juan, "idle ", ({ stream }) => `${stream.status} ${stream.text}`);
  });
}

async function presence(
  test: Deno.TestContext,
  { juan, ben, olga, conversation, workspace }: Windows,
): Promise<void> {
  const people = ({ presence }: Hooks) =>
    presence.members.filter(({ kind }) => kind === "person").map(({ status }) => status).sort();
  await test.step("two windows see each other, type, and leave", async () => {
    await show(juan, { conversation, workspace });
    await sees(juan, ["online"], people);
    await show(ben, { conversation, workspace, status: "busy" });
    for (const page of [juan, ben]) await sees(page, ["busy", "online"], people);
    await within(ben, ({ presence }, talk) => presence.press(talk), conversation);
    await sees(juan, 1, ({ presence }) => presence.typing.length);
    await within(ben, ({ presence }, talk) => presence.stopTyping(talk), conversation);
    await sees(juan, 0, ({ presence }) => presence.typing.length);
    await show(ben, { conversation });
    await sees(juan, ["online"], people);
    await show(olga, { conversation, workspace });
    await sees(olga, "ended", ({ presence }) => presence.status);
    await sees(juan, ["online"], people);
  });
}

async function queries(
  test: Deno.TestContext,
  { origin, juan, ben, conversation }: Windows,
): Promise<void> {
  const type = `research-${crypto.randomUUID()}`;
  const progress = ({ query: { query } }: Hooks) => query && [query.progress, query.result];
  await test.step("a question goes to its result, which is there after a reload", async () => {
    for (const page of [juan, ben]) await show(page, { conversation, type });
    await sees(juan, "ready", ({ query }) => query.status);
    const id = await within(juan, ({ query }) => query.ask({ about: "leave" }));
    await sees(juan, ["pending", null], progress);
    const { data: claimed } = await service.rpc("claim_work", {
      queue: "background_queries",
      worker: "test",
      batch: 100,
    }).throwOnError();
    await sees(juan, ["running", null], progress);
    const mine = claimed.find((one) => one.id === id);
    assert.ok(mine);
    await service.rpc("complete_work", {
      queue: "background_queries",
      claim_token: mine.claim_token,
      ids: [id],
      outcome: { result: { days: 30 } },
    }).throwOnError();
    await sees(juan, ["completed", { days: 30 }], progress);
    await enter(juan, origin, "juan@acme.example");
    await show(juan, { conversation, type });
    await sees(juan, ["completed", { days: 30 }], progress);
    await within(juan, ({ query }) => query.markSeen());
    await sees(juan, true, ({ query: { query } }) => typeof query?.seen_at === "string");
    await within(juan, ({ query }) => query.ask({ about: "May" }));
    await sees(juan, ["pending", null], progress);
    await within(juan, ({ query }) => query.cancel());
    await sees(juan, ["cancelled", null], progress);
    await sees(ben, ["ready", null], ({ query: { status, query } }) => [status, query]);
  });
}

async function ending(
  test: Deno.TestContext,
  { juan, ben, conversation }: Windows,
): Promise<void> {
  await test.step("a conversation that is deleted is gone from every window", async () => {
    for (const page of [juan, ben]) {
      await show(page, { conversation });
      await sees(page, "ready", ({ conversation }) => conversation.status);
    }
    await service.from("conversations").update({ deleted_at: new Date().toISOString() })
      .eq("id", conversation).throwOnError();
    for (const page of [juan, ben]) {
      await sees(page, "gone", ({ conversation }) => conversation.status);
      assert.deepEqual(await written(page), []);
    }
  });
}
