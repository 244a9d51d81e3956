/** Windows of the example's page, each with a cookie jar of its own, and what is done and seen there. */
import assert from "node:assert/strict";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { demoPassword } from "../../people.ts";

/** What the windows' consoles complained of. */
export const complaints: string[] = [];

/** Milliseconds that something is waited for, on a busy machine. */
export const patience = { timeout: 30_000 };

const windows = new Set<Page>();

function listen(page: Page): Page {
  windows.add(page.once("close", (closed) => windows.delete(closed)));
  page.setDefaultTimeout(patience.timeout);
  page.on("pageerror", (error) => complaints.push(error.stack ?? String(error)));
  page.on("console", (message) => {
    const text = message.text();
    // What the browser itself says of a refused or broken request; the page says it to its person.
    if (message.type() !== "error" || /^Failed to load|net::ERR_/.test(text)) return;
    complaints.push(text);
  });
  return page;
}

/** Another window of the same person. */
export async function openIn(context: BrowserContext, url: string): Promise<Page> {
  const page = listen(await context.newPage());
  await page.goto(url);
  return page;
}

/** Waits until something is seen. */
export const sees = (place: Locator) => place.first().waitFor();

/** Opens the page in a cookie jar of its own. */
export async function open(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 700 } });
  return await openIn(context, url);
}

/** Opens the page, and signs in by the form. */
export async function openAs(browser: Browser, url: string, email: string): Promise<Page> {
  const page = await open(browser, url);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(demoPassword);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  return page;
}

/** Waits until something is gone. */
export const losesSight = (place: Locator) => place.first().waitFor({ state: "hidden" });

export const agent = (page: Page, name: string) =>
  page.getByRole("list", { name: "Agents that you may use" }).getByRole("button", { name });

/** Begins a talk with an agent, and returns its address. */
export async function beginTalk(page: Page, name: string): Promise<string> {
  const before = page.url();
  await agent(page, name).click();
  await page.waitForURL((url) => url.href !== before && url.hash.startsWith("#/talk/"));
  await page.getByLabel("Message", { exact: true }).waitFor();
  return page.url();
}

/** Says something, and waits until it is in the talk: the answer of before is the newest one no longer. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
  await sees(page.getByRole("log").locator("> article.user").filter({ hasText: text }));
}

/** Opens a screen by its link. */
export async function goTo(page: Page, name: string): Promise<void> {
  const link = page.getByRole("navigation", { name: "Screens" })
    .getByRole("link", { name, exact: true });
  await link.click();
  await page.getByRole("heading", { level: 1 }).waitFor();
}

/** The answer to what was said last: nothing, until it begins. */
export const answer = (page: Page) =>
  page.getByRole("log").locator("> article:last-of-type")
    .and(page.getByRole("article", { name: "Assistant" }));

export const isIdle = (page: Page) => sees(page.getByRole("button", { name: "Send" }));

/** Waits until the newest answer has a text, and is over. */
export async function isAnswered(page: Page, text: string | RegExp): Promise<void> {
  await sees(answer(page).filter({ hasText: text }));
  await isIdle(page);
}

/** What is said in a window, in order, without what may be done with it. */
export async function saidIn(page: Page): Promise<string[]> {
  return await page.getByRole("article").locator(":scope > p").allTextContents();
}

/** Waits until two windows show the same talk. */
export async function showTheSame(one: Page, other: Page): Promise<void> {
  let seen: string[][] = [];
  for (const end = Date.now() + patience.timeout; Date.now() < end;) {
    seen = await Promise.all([saidIn(one), saidIn(other)]);
    if (JSON.stringify(seen[0]) === JSON.stringify(seen[1])) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(seen[0], seen[1]);
}

/** Keeps what a window shows, where pictures are asked for. @param name of its file, without an ending */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = Deno.env.get("GROUNDWORK_PICTURES");
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, scale: "css" });
}

/** A step without which the next ones mean nothing: where it fails, the windows tell what they show. */
export async function step(
  test: Deno.TestContext,
  name: string,
  body: () => Promise<void>,
): Promise<void> {
  if (await test.step(name, body)) return;
  for (const page of windows) {
    console.log(`${page.url()}\n${await page.locator("body").ariaSnapshot().catch(String)}`);
  }
  throw new Error(`the walk ended at: ${name}`);
}
