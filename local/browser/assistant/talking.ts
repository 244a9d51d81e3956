/** A person signs in and talks: an answer comes word by word, is stopped, and is heard again after a reload. */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import type { Assistant } from "../../assistant/assistant.ts";
import { demoPassword } from "../../people.ts";
import { isForEverybody } from "./accessible.ts";
import {
  agent,
  answer,
  beginTalk,
  isAnswered,
  isIdle,
  open,
  openIn,
  patience,
  saidIn,
  say,
  sees,
  step,
} from "./windows.ts";

/** As many words as one passage has: the agent needs some nine seconds to say them, and is held before. */
export const longDocument = {
  path: "handbook.travelling_far",
  name: "Travelling far",
  content: "# Journeys\n\n" +
    `departed ${Array.from({ length: 220 }, (_, place) => place + 1).join(" ")} arrived\n`,
};

export async function signingIn(
  test: Deno.TestContext,
  browser: Browser,
  url: string,
): Promise<void> {
  await step(test, "a guest reads that they may use no agent", async () => {
    const page = await open(browser, url);
    await page.getByRole("button", { name: "Continue as a guest" }).click();
    await sees(page.getByRole("heading", { name: "You are a guest" }));
    await page.getByRole("button", { name: "Sign out" }).click();
    await sees(page.getByRole("heading", { name: "Assistant" }));
    await page.context().close();
  });
  await step(test, "a wrong password is refused, and the right one is not", async () => {
    const page = await open(browser, url);
    await page.getByLabel("Email").fill("juan@acme.example");
    await page.getByLabel("Password").fill("not this one");
    await page.getByRole("button", { name: "Sign in" }).click();
    await sees(page.getByRole("alert").filter({ hasText: "Invalid login credentials" }));
    await isForEverybody(page, "Signing in");
    await page.getByLabel("Password").fill(demoPassword);
    await page.getByRole("button", { name: "Sign in" }).click();
    await sees(agent(page, "HR"));
    await page.context().close();
  });
}

export async function talking(
  test: Deno.TestContext,
  juan: Page,
  holdAgent: Assistant["holdAgent"],
): Promise<void> {
  await step(test, "an agent answers from the documents, word by word", async () => {
    await beginTalk(juan, "HR");
    await say(juan, "How many days of vacation do I have?");
    await sees(juan.getByRole("status").filter({ hasText: "Answering" }));
    await isAnswered(juan, "Everybody has thirty days of vacation a year.");
  });
  await step(test, "an answer is stopped, and what was said until then is kept", async () => {
    await say(juan, "Tell me about journeys");
    await sees(answer(juan).filter({ hasText: "4 5 6" }));
    holdAgent(true);
    await juan.getByRole("button", { name: "Stop" }).click();
    holdAgent(false);
    await isIdle(juan);
    await sees(answer(juan).filter({ hasText: "Stopped." }));
    const kept = (await saidIn(juan)).join(" ");
    assert.match(kept, /4 5 6/);
    assert.doesNotMatch(kept, /arrived/);
    await juan.reload();
    await sees(answer(juan).filter({ hasText: "Stopped." }));
  });
  await step(test, "a page that is reloaded hears the answer from its beginning", async () => {
    await say(juan, "Tell me about journeys again");
    await sees(answer(juan).filter({ hasText: "4 5 6" }));
    holdAgent(true);
    await juan.reload();
    await sees(juan.getByRole("status").filter({ hasText: "Answering" }));
    await sees(answer(juan).filter({ hasText: "departed 1 2" }));
    holdAgent(false);
    await juan.getByText("arrived").last().waitFor(patience);
    await isIdle(juan);
  });
  const other = await openIn(juan.context(), juan.url());
  const field = other.getByLabel("Message", { exact: true });
  const warning = other.getByRole("alert");
  await step(test, "what could not be sent is given back, and can be sent again", async () => {
    await beginTalk(other, "HR");
    const asks = (url: URL) => url.pathname.endsWith("/streams/chat");
    await other.route(asks, (route) => route.abort());
    await field.fill("כמה ימי חופשה? vacation");
    await other.getByRole("button", { name: "Send" }).click();
    await sees(warning);
    assert.equal(await field.inputValue(), "כמה ימי חופשה? vacation");
    assert.equal(await other.getByRole("log").getByRole("article").count(), 0);
    await other.unroute(asks);
    await other.getByRole("button", { name: "Send" }).click();
    await isAnswered(other, "Everybody has thirty days of vacation a year.");
    assert.equal(await warning.count(), 0);
  });
  await step(test, "what is written from right to left stands so", async () => {
    const said = other.getByRole("article", { name: "Juan" }).locator("p").first();
    assert.equal(await said.evaluate((one) => getComputedStyle(one).direction), "rtl");
    const answered = answer(other).locator("p").first();
    assert.equal(await answered.evaluate((one) => getComputedStyle(one).direction), "ltr");
  });
  await step(test, "what an agent cannot answer goes on saying so", async () => {
    // Once the question is read again, the page asks whether its answer is being said elsewhere.
    const heardAgain = other.waitForResponse((response) =>
      response.request().method() === "GET" && response.url().includes("/streams/chat/")
    );
    await field.fill("more than a prompt holds ".repeat(2_000));
    await other.getByRole("button", { name: "Send" }).click();
    await (await heardAgain).finished();
    await isIdle(other);
    await other.evaluate(() =>
      new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve)))
    );
    assert.deepEqual(await warning.allInnerTexts(), ["The agent could not answer."]);
  });
  await step(test, "an address of no talk shows the talks", async () => {
    await other.goto(other.url().replace(/#.*$/, "#/talk/none"));
    await sees(other.getByText("Choose an agent to begin a talk."));
    await other.close();
  });
}
