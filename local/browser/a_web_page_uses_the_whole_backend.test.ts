import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { withBrowser } from "./chromium.ts";
import { servePage } from "./page.ts";

/** What the code inside the page finds there. It runs in the browser: nothing of this file is known to it. */
// deno-lint-ignore no-explicit-any
type Supabase = any;
declare const globalThis: {
  supabase: Supabase;
  client: Supabase;
  heard: unknown[];
  present: string[];
};

const required = (name: string): string => {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is not set: run this by npm test -- --only browser`);
  return value;
};
const given = {
  url: required("SUPABASE_URL"),
  key: required("SUPABASE_PUBLISHABLE_KEY"),
};

/** Opens the page in a browser's own cookie jar, and signs in there. */
async function openAs(browser: Browser, origin: string, email: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(origin);
  const error = await page.evaluate(async ({ url, key, email }) => {
    globalThis.client = globalThis.supabase.createClient(url, key);
    const { error } = await globalThis.client.auth.signInWithPassword({
      email,
      password: "groundwork-demo",
    });
    return error && String(error);
  }, { ...given, email });
  assert.equal(error, null);
  return page;
}

Deno.test({
  name: "a web page of another origin uses the whole backend with supabase-js alone",
  // The browser's connection is Playwright's own.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(test) {
    const { origin, stop } = servePage();
    try {
      await withBrowser(required("GROUNDWORK_TEST_CHROMIUM"), async (browser) => {
        const juan = await openAs(browser, origin, "juan@acme.example");
        const ben = await openAs(browser, origin, "ben@acme.example");
        await tables(test, juan);
        await realtime(test, juan, ben, await conversation(juan));
        await sessions(test, juan);
      });
    } finally {
      await stop();
    }
  },
});

async function tables(test: Deno.TestContext, juan: Page): Promise<void> {
  await test.step("it lists what its person may see, and nothing of others", async () => {
    const slugs = await juan.evaluate(async () => {
      const { data } = await globalThis.client.from("workspaces").select("slug");
      return data.map(({ slug }: { slug: string }) => slug);
    });
    assert.deepEqual(slugs, ["acme"]);
  });
  await test.step("it invokes a function", async () => {
    const { error, names } = await juan.evaluate(async () => {
      const { data, error } = await globalThis.client.functions.invoke("agents", { method: "GET" });
      return {
        error: error && String(error),
        names: data?.agents?.map(({ slug }: { slug: string }) => slug),
      };
    });
    assert.equal(error, null);
    assert.ok(names.includes("hr"), String(names));
  });
}

/** Makes a conversation that colleagues read, and returns its id. */
async function conversation(page: Page): Promise<string> {
  return await page.evaluate(async () => {
    const { data: workspace } = await globalThis.client.from("workspaces").select("id").single();
    const { data, error } = await globalThis.client.from("conversations")
      .insert({ workspace_id: workspace.id, title: "From a page", visibility: "workspace" })
      .select("id").single();
    if (error) throw new Error(JSON.stringify(error));
    return data.id;
  });
}

async function realtime(
  test: Deno.TestContext,
  juan: Page,
  ben: Page,
  conversationId: string,
): Promise<void> {
  /** Joins the conversation's private channel; what is heard there is kept in the page. */
  const join = (page: Page) =>
    page.evaluate(async (id) => {
      await globalThis.client.realtime.setAuth();
      globalThis.heard = [];
      const channel = globalThis.client.channel(`conversation:${id}`, {
        config: { private: true },
      }).on("broadcast", { event: "message_added" }, ({ payload }: Supabase) => {
        globalThis.heard.push(payload.id);
      });
      return await new Promise<string>((resolve) =>
        channel.subscribe((status: string, error: unknown) =>
          resolve(error ? `${status}: ${error}` : status)
        )
      );
    }, conversationId);
  const say = (page: Page, text: string): Promise<string> =>
    page.evaluate(async ({ id, text }) => {
      const { data, error } = await globalThis.client.rpc("add_message", {
        conversation_id: id,
        parts: [{ type: "text", text }],
      });
      if (error) throw new Error(JSON.stringify(error));
      return data.id ?? data[0]?.id ?? data;
    }, { id: conversationId, text });
  const hears = async (page: Page, id: string) => {
    await page.waitForFunction((id) => globalThis.heard.includes(id), id, { timeout: 60_000 });
  };

  await test.step("it hears what is said in a conversation that it may read", async () => {
    assert.equal(await join(ben), "SUBSCRIBED");
    await hears(ben, await say(juan, "Hello from a page"));
  });
}

async function sessions(test: Deno.TestContext, juan: Page): Promise<void> {
  await test.step("it talks with an agent over a session", async () => {
    const answer = await juan.evaluate(async (url) => {
      const { data: { session: { access_token } } } = await globalThis.client.auth.getSession();
      const { data: { agents } } = await globalThis.client.functions.invoke("agents", {
        method: "GET",
      });
      const agent = agents.find(({ slug }: { slug: string }) => slug === "hr");
      const { data: session, error } = await globalThis.client.functions.invoke("sessions", {
        body: { agent_id: agent.id },
      });
      if (error) return `sessions: ${error}`;
      const socket = new WebSocket(
        `${url.replace("http", "ws")}/functions/v1/sessions/${session.session_id}/connect` +
          `?access_token=${access_token}`,
      );
      return await new Promise<string>((resolve) => {
        socket.onopen = () => socket.send("Hello");
        socket.onmessage = ({ data }) => resolve(`said: ${data}`);
        socket.onclose = ({ code }) => resolve(`closed with ${code}`);
      });
    }, given.url);
    assert.match(answer, /^said: /);
  });
}
