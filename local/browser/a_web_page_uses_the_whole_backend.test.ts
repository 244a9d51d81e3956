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
  heard: string[];
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

/** Opens the page in a browser's own cookie jar. */
async function openPage(browser: Browser, origin: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(origin);
  await page.evaluate(({ url, key }) => {
    globalThis.client = globalThis.supabase.createClient(url, key);
  }, given);
  return page;
}

/** Opens the page, and signs in there. */
async function openAs(browser: Browser, origin: string, email: string): Promise<Page> {
  const page = await openPage(browser, origin);
  const error = await page.evaluate(async (email) => {
    const { error } = await globalThis.client.auth.signInWithPassword({
      email,
      password: "groundwork-demo",
    });
    return error && String(error);
  }, email);
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
        await newcomer(test, browser, origin);
        const juan = await openAs(browser, origin, "juan@acme.example");
        const ben = await openAs(browser, origin, "ben@acme.example");
        await tables(test, juan);
        const told = await conversation(juan);
        await files(test, juan, told);
        await hearing(test, juan, ben, told.id);
        await sessions(test, juan);
        await presence(test, juan, ben);
      });
    } finally {
      await stop();
    }
  },
});

async function newcomer(test: Deno.TestContext, browser: Browser, origin: string): Promise<void> {
  await test.step("somebody new signs up, is signed in, and sees nobody's workspace", async () => {
    const page = await openPage(browser, origin);
    const email = `new.${crypto.randomUUID()}@example.com`;
    const seen = await page.evaluate(async (email) => {
      const { client } = globalThis;
      const { data, error } = await client.auth.signUp({ email, password: "a long password 1" });
      if (error) return String(error);
      const { data: workspaces } = await client.from("workspaces").select("id");
      return [data.user.email, data.session !== null, workspaces.length];
    }, email);
    assert.deepEqual(seen, [email, true, 0]);
    await page.context().close();
  });
}

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

/** A conversation that colleagues read, and the folder in which its files lie. */
interface Told {
  id: string;
  folder: string;
}

async function conversation(page: Page): Promise<Told> {
  return await page.evaluate(async () => {
    const { client } = globalThis;
    const { data: workspace } = await client.from("workspaces").select("id").single();
    const { data, error } = await client.from("conversations")
      .insert({ workspace_id: workspace.id, title: "From a page", visibility: "workspace" })
      .select("id").single();
    if (error) throw new Error(JSON.stringify(error));
    const { data: { user } } = await client.auth.getUser();
    return { id: data.id, folder: `${workspace.id}/${user.id}/${data.id}` };
  });
}

async function files(test: Deno.TestContext, juan: Page, { folder }: Told): Promise<void> {
  await test.step("it uploads a File and shows it by a signed URL", async () => {
    const shown = await juan.evaluate(async (folder) => {
      const W = globalThis as Supabase;
      const canvas = W.document.createElement("canvas");
      canvas.width = 3;
      canvas.height = 2;
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
      const file = new W.File([blob], "dot.png", { type: "image/png" });
      const bucket = globalThis.client.storage.from("attachments");
      const path = `${folder}/dot.png`;
      const uploaded = await bucket.upload(path, file);
      if (uploaded.error) return `upload: ${uploaded.error}`;
      const signed = await bucket.createSignedUrl(path, 60);
      if (signed.error) return `createSignedUrl: ${signed.error}`;
      const image = new W.Image();
      image.src = signed.data.signedUrl;
      await image.decode();
      return `${image.naturalWidth} × ${image.naturalHeight}`;
    }, folder);
    assert.equal(shown, "3 × 2");
  });
}

/** How long a page is waited for: ms. */
const patience = { timeout: 60_000 };

/**
 * Joins the conversation's private channel. As docs/realtime.md has it for who was away: each time it is joined, the
 * page reads what has been said, and what it hears then comes after. What is known is kept in the page, each message
 * once.
 */
const follow = (page: Page, id: string) =>
  page.evaluate(async (id) => {
    const { client } = globalThis;
    await client.realtime.setAuth();
    globalThis.heard = [];
    const know = (message: string) => {
      if (!globalThis.heard.includes(message)) globalThis.heard.push(message);
    };
    const channel = client.channel(`conversation:${id}`, { config: { private: true } })
      .on("broadcast", { event: "message_added" }, ({ payload }: Supabase) => know(payload.id));
    return await new Promise<string>((resolve) =>
      channel.subscribe(async (status: string, error: unknown) => {
        if (status === "SUBSCRIBED") {
          const { data } = await client.from("messages").select("id").eq("conversation_id", id)
            .order("created_at");
          for (const message of data) know(message.id);
        }
        resolve(error ? `${status}: ${error}` : status);
      })
    );
  }, id);

const say = (page: Page, id: string, text: string): Promise<string> =>
  page.evaluate(async ({ id, text }) => {
    const { data, error } = await globalThis.client.rpc("add_message", {
      conversation_id: id,
      parts: [{ type: "text", text }],
    });
    if (error) throw new Error(JSON.stringify(error));
    return data.id ?? data[0]?.id ?? data;
  }, { id, text });

/** Waits until the page knows a message. */
const hears = (page: Page, id: string) =>
  page.waitForFunction((id) => globalThis.heard.includes(id), id, patience);

const isConnected = (page: Page, wanted: boolean) =>
  page.waitForFunction(
    (wanted) => globalThis.client.realtime.isConnected() === wanted,
    wanted,
    patience,
  );

/** Takes the page's network away, its open sockets with it, until it is given back. */
async function cut(page: Page): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const offline = (offline: boolean) =>
    session.send("Network.emulateNetworkConditions", {
      offline,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
  await offline(true);
  return async () => {
    await offline(false);
    await session.detach();
  };
}

async function hearing(
  test: Deno.TestContext,
  juan: Page,
  ben: Page,
  conversation: string,
): Promise<void> {
  await test.step("it hears what is said in a conversation that it may read", async () => {
    assert.equal(await follow(ben, conversation), "SUBSCRIBED");
    await hears(ben, await say(juan, conversation, "Hello from a page"));
  });
  await test.step("cut off, it comes back by itself, and has missed and doubled nothing", async () => {
    const giveBack = await cut(ben);
    await isConnected(ben, false);
    const missed = [
      await say(juan, conversation, "Nobody hears this in time"),
      await say(juan, conversation, "Nor this"),
    ];
    const known = await ben.evaluate(() => globalThis.heard);
    assert.ok(!missed.some((id) => known.includes(id)), "it was not cut off");
    await giveBack();
    await isConnected(ben, true);
    for (const id of missed) await hears(ben, id);
    const last = await say(juan, conversation, "Here again");
    await hears(ben, last);
    const heard = await ben.evaluate(() => globalThis.heard);
    assert.deepEqual(heard.slice(-3), [...missed, last]);
  });
}

async function presence(test: Deno.TestContext, juan: Page, ben: Page): Promise<void> {
  await test.step("two pages see each other present, and one that is closed is gone", async () => {
    const appear = (page: Page, name: string) =>
      page.evaluate(async (name) => {
        const channel = globalThis.client.channel("lobby", {
          config: { presence: { key: name, enabled: true } },
        });
        channel.on("presence", { event: "sync" }, () => {
          globalThis.present = Object.keys(channel.presenceState()).sort();
        });
        await new Promise<void>((resolve) =>
          channel.subscribe((status: string) => status === "SUBSCRIBED" && resolve())
        );
        return await channel.track({ name });
      }, name);
    const sees = (page: Page, names: string) =>
      page.waitForFunction((names) => String(globalThis.present) === names, names, patience);
    assert.equal(await appear(juan, "juan"), "ok");
    assert.equal(await appear(ben, "ben"), "ok");
    await Promise.all([sees(juan, "ben,juan"), sees(ben, "ben,juan")]);
    await ben.close();
    await sees(juan, "juan");
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
