/** What an admin sees and changes, and what becomes of it in others' windows. */
import assert from "node:assert/strict";
import type postgres from "postgres";
import type { Page } from "playwright-core";
import type { GroundworkClient } from "../../../types/client.ts";
import { isForEverybody } from "./accessible.ts";
import { agent, beginTalk, goTo, keepPicture, losesSight, open, sees, step } from "./windows.ts";

export async function granting(test: Deno.TestContext, juan: Page, ben: Page): Promise<void> {
  const row = ben.getByRole("row", { name: "Juan (member)" });
  await step(
    test,
    "an admin sees why, revokes, and the person's window loses the agent",
    async () => {
      await beginTalk(juan, "Recruiter");
      await goTo(ben, "Access");
      await ben.getByLabel("Agent").selectOption({ label: "Recruiter (published)" });
      await sees(row.getByText("granted", { exact: true }));
      await sees(row.getByText(/^permissions \(reason: .+, can_use: true\)$/));
      await keepPicture(ben, "access");
      await isForEverybody(ben, "Access");
      await row.getByRole("button", { name: "Revoke" }).click();
      await sees(row.getByText("denied", { exact: true }));
      await losesSight(agent(juan, "Recruiter"));
      await sees(juan.getByText("You may not use this agent now."));
      assert.equal(await agent(juan, "HR").count(), 1);
      await row.getByRole("button", { name: "Grant" }).click();
      await sees(agent(juan, "Recruiter"));
      await sees(juan.getByLabel("Message", { exact: true }));
    },
  );
  await step(test, "a member is shown no admin's screen", async () => {
    assert.equal(await juan.getByRole("link", { name: "Access" }).count(), 0);
    const address = juan.url();
    await juan.goto(address.replace(/#.*/, "#/audit"));
    await sees(juan.getByText("This screen is for admins."));
    await juan.goto(address);
  });
}

export async function inviting(test: Deno.TestContext, ben: Page): Promise<void> {
  const told = ben.getByRole("status").filter({ hasText: "shown once" });
  const invitations = ben.getByRole("list", { name: "Invitations" });
  const invite = async (email: string) => {
    await ben.getByLabel("Email to invite").fill(email);
    await ben.getByRole("button", { name: "Invite", exact: true }).click();
    await sees(invitations.getByText(email));
  };
  await step(
    test,
    "who is invited makes an account, joins, and is no member any more",
    async () => {
      await goTo(ben, "People");
      assert.equal(await ben.getByLabel("Role of Juan").inputValue(), "member");
      const email = `new.${crypto.randomUUID()}@example.com`;
      await invite(email);
      const page = await open(ben.context().browser()!, ben.url().replace(/#.*/, ""));
      await page.getByLabel("Email").fill(email);
      await page.getByLabel("Password").fill("a long password 1");
      await page.getByRole("button", { name: "Make an account" }).click();
      await page.getByLabel("Token of an invitation").fill("not the token");
      await page.getByRole("button", { name: "Join" }).click();
      await sees(page.getByRole("alert"));
      await page.getByLabel("Token of an invitation").fill(await told.locator("code").innerText());
      await page.getByRole("button", { name: "Join" }).click();
      await sees(page.getByText("You may use no agent now."));
      await ben.reload();
      const member = ben.getByRole("row").filter({ hasText: email.split("@")[0]! });
      await member.getByRole("button", { name: "Remove" }).click();
      await losesSight(member);
      await page.reload();
      await sees(page.getByRole("heading", { name: "You belong to no workspace" }));
      await page.context().close();
    },
  );
  await step(test, "an invitation is revoked", async () => {
    const email = `late.${crypto.randomUUID()}@example.com`;
    await invite(email);
    await sees(told);
    const invited = invitations.getByText(email);
    await isForEverybody(ben, "People");
    await ben.getByRole("button", { name: `Revoke the invitation of ${email}` }).click();
    await losesSight(invited);
  });
}

export async function allowing(test: Deno.TestContext, juan: Page, ben: Page): Promise<void> {
  const credentials = ben.getByRole("list", { name: "Credentials" });
  const consents = ben.getByRole("list", { name: "Consents" });
  const consent = juan.getByRole("group", { name: "HR" })
    .getByLabel("Read your conversations with it.");
  await step(
    test,
    "a person allows an agent something, and the admin sees and ends it",
    async () => {
      await goTo(juan, "Accounts");
      await consent.check();
      await goTo(ben, "Agents");
      await ben.getByLabel("Agent").selectOption({ label: "HR (published)" });
      await sees(consents.getByText("Juan: conversations:read"));
      await consents.getByRole("listitem").filter({ hasText: "Juan" })
        .getByRole("button", { name: "End the consent" }).click();
      await losesSight(consents.getByText("Juan"));
      await juan.reload();
      await sees(consent);
      assert.equal(await consent.isChecked(), false);
      await isForEverybody(juan, "Accounts");
    },
  );
  await step(test, "an agent's credential is made, shown once, and ended", async () => {
    await ben.getByLabel("Name of a new credential").fill("blue");
    await ben.getByLabel("memory:read", { exact: true }).check();
    await ben.getByRole("button", { name: "Make a credential" }).click();
    await sees(ben.getByRole("status").filter({ hasText: "gwa_" }));
    await sees(credentials.getByText("memory:read"));
    await isForEverybody(ben, "Agents");
    await ben.getByRole("button", { name: "End blue" }).click();
    await losesSight(credentials.getByText("blue"));
  });
}

/** Adds work of which its only attempt fails. */
async function addDeadLetter(service: GroundworkClient, workspace: string): Promise<void> {
  const { data: [added] } = await service.rpc("enqueue_work", {
    queue: "code_task_queue",
    items: [{
      workspace_id: workspace,
      prompt: "Mend the walk's form.",
      repository: "acme/website",
      branch: "main",
      priority: -100,
    }],
  }).throwOnError();
  const { data: [claimed] } = await service.rpc("claim_work", {
    queue: "code_task_queue",
    worker: "the walk",
  }).throwOnError();
  assert.equal(claimed?.id, added?.id);
  await service.rpc("fail_work", {
    queue: "code_task_queue",
    claim_token: claimed!.claim_token,
    ids: [claimed!.id],
    error: "the branch is gone",
    retry: false,
  }).throwOnError();
}

export async function redriving(
  test: Deno.TestContext,
  ben: Page,
  service: GroundworkClient,
  workspace: string,
): Promise<void> {
  await step(test, "a dead letter is seen with its cause, and brought back", async () => {
    await addDeadLetter(service, workspace);
    await goTo(ben, "Work");
    const dead = ben.getByRole("list", { name: "Dead letters" }).getByRole("listitem")
      .filter({ hasText: "the branch is gone" });
    await sees(dead);
    await isForEverybody(ben, "Work");
    await dead.getByRole("button", { name: /^Bring \d+ back$/ }).click();
    await losesSight(dead);
    await sees(ben.getByRole("status").filter({ hasText: "1 brought back." }));
    const open = ben.getByRole("list", { name: "To do" }).getByRole("listitem");
    await sees(open.filter({ hasText: "the branch is gone" }));
  });
}

/** Has something be used, and summed up as the hourly job does it. */
async function use(
  service: GroundworkClient,
  workspace_id: string,
  sql: postgres.Sql<{ bigint: number }>,
): Promise<void> {
  const used = [
    { kind: "tokens", quantity: 21_500, unit: "output", amount_minor: 645 },
    { kind: "message", quantity: 4, unit: "message" },
  ];
  for (const one of used) {
    await service.rpc("record_usage", { workspace_id, ...one }).throwOnError();
  }
  await sql`select private.roll_up_usage()`;
}

export async function watching(
  test: Deno.TestContext,
  ben: Page,
  service: GroundworkClient,
  workspace: string,
  sql: postgres.Sql<{ bigint: number }>,
): Promise<void> {
  await step(test, "what was used is told day by day, in figures and in money", async () => {
    await goTo(ben, "Usage");
    await sees(ben.getByText("Nothing was used."));
    const today = new Date().toISOString().slice(0, 10);
    await use(service, workspace, sql);
    await ben.reload();
    const row = ben.getByRole("region", { name: "Usage by day" }).getByRole("row")
      .filter({ hasText: today });
    await sees(row.filter({ hasText: "21,500" }).filter({ hasText: "$6.45" }));
    const columns = ben.getByRole("region", { name: "Usage by day" }).getByRole("columnheader");
    assert.deepEqual(await columns.allTextContents(), ["Day (UTC)", "message", "tokens", "Cost"]);
    await ben.getByLabel("The last").selectOption({ label: "90 days" });
    await sees(row);
  });
  await step(test, "a budget is made, told, and removed", async () => {
    await ben.getByLabel("Tokens").fill("50000");
    await ben.getByRole("button", { name: "Add a budget" }).click();
    const budget = ben.getByRole("list", { name: "Budgets" }).getByRole("listitem");
    await sees(budget.filter({ hasText: "50,000 of 50,000 tokens left this month" }));
    await sees(ben.getByRole("meter", { name: "Spent this month" }));
    await sees(ben.getByRole("rowheader", { name: "messages a day" }));
    await isForEverybody(ben, "Usage");
    await ben.getByRole("button", { name: "Remove the budget" }).click();
    await losesSight(budget);
  });
  await step(test, "the audit log tells who revoked, and verifies", async () => {
    await goTo(ben, "Audit log");
    await sees(ben.getByRole("row").filter({ hasText: "Revoked on the access screen" }));
    await ben.getByRole("button", { name: "Verify" }).click();
    await sees(ben.getByRole("status").filter({ hasText: "Unchanged:" }));
    await isForEverybody(ben, "Audit log");
  });
}
