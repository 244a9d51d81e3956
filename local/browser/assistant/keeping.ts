/** What a talk keeps: branches, files, memories, artifacts, prompts; and what others see of it. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import type { Assistant } from "../../assistant/assistant.ts";
import { isForEverybody } from "./accessible.ts";
import {
  answer,
  beginTalk,
  goTo,
  isAnswered,
  keepPicture,
  losesSight,
  open,
  openIn,
  saidIn,
  say,
  sees,
  showTheSame,
  step,
} from "./windows.ts";

export async function branching(
  test: Deno.TestContext,
  juan: Page,
  holdAgent: Assistant["holdAgent"],
): Promise<void> {
  const talk = await beginTalk(juan, "HR");
  const other = await openIn(juan.context(), talk);
  await step(test, "an answer is heard in two windows of its person", async () => {
    await say(juan, "Tell me about journeys");
    await sees(answer(juan).filter({ hasText: "departed 1 2" }));
    holdAgent(true);
    await sees(other.getByRole("status").filter({ hasText: "Answering" }));
    await sees(answer(other).filter({ hasText: "departed 1 2" }));
    await juan.getByRole("button", { name: "Stop" }).click();
    holdAgent(false);
    await Promise.all(
      [juan, other].map((page) => sees(answer(page).filter({ hasText: "Stopped." }))),
    );
    await showTheSame(juan, other);
  });
  await step(test, "an edit is another branch, in both, and one goes back", async () => {
    await juan.getByRole("button", { name: "Edit" }).last().click();
    await juan.getByLabel("Edit the message").fill("When do receipts go to the Bookkeeper?");
    await juan.getByRole("button", { name: "Say this instead" }).click();
    await isAnswered(juan, "Receipts go to the Bookkeeper within a month.");
    await sees(other.getByText("2 of 2"));
    await showTheSame(juan, other);
    await other.getByRole("button", { name: "Branch before" }).click();
    await Promise.all(
      [juan, other].map((page) => sees(answer(page).filter({ hasText: "Stopped." }))),
    );
    assert.equal((await saidIn(juan))[0], "Tell me about journeys");
  });
  await other.close();
}

export async function attaching(test: Deno.TestContext, juan: Page): Promise<void> {
  await step(test, "a file is attached, read by the agent, and opened again", async () => {
    await beginTalk(juan, "HR");
    await juan.getByLabel("Attach").setInputFiles({
      name: "plan.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("Off in May."),
    });
    await sees(juan.getByText("Attached: plan.txt"));
    await say(juan, "What is in my plan?");
    await isAnswered(juan, "plan.txt says: Off in May.");
    const href = await juan.getByRole("link", { name: "plan.txt" }).getAttribute("href");
    assert.equal(await (await fetch(href!)).text(), "Off in May.");
  });
}

export async function remembering(test: Deno.TestContext, juan: Page): Promise<void> {
  const memories = juan.getByRole("list", { name: "Memories" });
  await step(test, "what is said to be remembered is, and is corrected and forgotten", async () => {
    await say(juan, "Remember that I take the night train to Lisbon");
    await isAnswered(juan, "I keep in mind: I take the night train to Lisbon");
    await goTo(juan, "Memory");
    const mine = memories.getByRole("listitem").filter({ hasText: "Lisbon" });
    await mine.getByRole("button", { name: "Correct" }).click();
    await juan.getByLabel("What is right").fill("Takes the night train to Porto");
    await juan.getByRole("button", { name: "Save" }).click();
    await losesSight(mine);
    const corrected = memories.getByRole("listitem").filter({ hasText: "Porto" });
    await sees(corrected);
    await isForEverybody(juan, "Memory");
    await corrected.getByRole("button", { name: "Forget" }).click();
    await losesSight(corrected);
    assert.equal(await memories.getByText("Prefers short answers.").count(), 1);
  });
}

export async function approving(test: Deno.TestContext, juan: Page): Promise<void> {
  const call = juan.getByRole("group", { name: "The agent wants to write document" }).last();
  const artifacts = juan.getByRole("region", { name: "Artifacts" });
  await step(
    test,
    "an agent writes what its person approves, and not what they refuse",
    async () => {
      await goTo(juan, "Talks");
      await beginTalk(juan, "HR");
      await say(juan, "Write a poem about expenses");
      await call.getByRole("button", { name: "Refuse" }).click();
      await isAnswered(juan, "Then I leave it.");
      assert.equal(await artifacts.count(), 0);
      await say(juan, "Write a request for vacation");
      await call.getByRole("button", { name: "Approve" }).click();
      await isAnswered(juan, "It is written.");
      await sees(artifacts.getByRole("heading", { name: "request for vacation" }));
    },
  );
  await step(test, "an artifact is revised, and is there after a reload", async () => {
    const text = artifacts.getByLabel("Text of request for vacation");
    await text.fill("Dear Ben, three days please.");
    await artifacts.getByRole("button", { name: "Save a version" }).click();
    await juan.reload();
    await sees(artifacts);
    assert.equal(await text.inputValue(), "Dear Ben, three days please.");
  });
  await step(test, "one sees what the model saw, and what was left out", async () => {
    await say(juan, "How many days of vacation do I have?");
    await isAnswered(juan, "thirty days");
    await answer(juan).getByRole("button", { name: "What the model saw" }).click();
    const prompt = juan.getByRole("region", { name: "What the model saw" });
    await sees(prompt.getByText("Works in the people team."));
    await sees(prompt.getByText("How many days of vacation do I have?"));
    await sees(prompt.getByText("Nothing.").or(prompt.getByRole("listitem")));
    await keepPicture(juan, "talk");
    await isForEverybody(juan, "A talk");
  });
}

export async function beingHere(test: Deno.TestContext, juan: Page, ben: Page): Promise<void> {
  await step(test, "a colleague reads what is shared, sees who is here and who types", async () => {
    const talk = juan.url();
    await ben.goto(talk);
    await sees(ben.getByText("This talk is gone, or it is not yours to read."));
    await juan.getByLabel("Read by").selectOption("workspace");
    await ben.reload();
    await sees(answer(ben).filter({ hasText: "thirty days" }));
    await showTheSame(juan, ben);
    await sees(juan.getByRole("list", { name: "Here now" }).getByText("Ben"));
    await juan.getByLabel("Message", { exact: true }).pressSequentially("Hm");
    await sees(ben.getByRole("status").filter({ hasText: "Juan is typing" }));
    await say(juan, "Thank you");
    await sees(ben.getByText("Thank you"));
  });
  await step(test, "a guest reads what is public, and no longer what is not", async () => {
    await juan.getByLabel("Read by").selectOption("public");
    const guest = await open(ben.context().browser()!, juan.url());
    await guest.getByRole("button", { name: "Continue as a guest" }).click();
    await sees(guest.getByText("Thank you"));
    await isForEverybody(guest, "What a guest reads");
    await juan.getByLabel("Read by").selectOption("private");
    await sees(juan.locator("select[data-kept=private]"));
    await guest.reload();
    await sees(guest.getByRole("alert"));
    await guest.context().close();
  });
}
