/** A person who belongs to several workspaces chooses between them. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import type { GroundworkClient } from "../../../types/client.ts";
import { isForEverybody } from "./accessible.ts";
import { agent, beginTalk, goTo, losesSight, sees, step } from "./windows.ts";

export async function choosing(
  test: Deno.TestContext,
  juan: Page,
  service: GroundworkClient,
): Promise<void> {
  const choice = juan.getByLabel("Workspace", { exact: true });
  const talks = juan.getByRole("list", { name: "Talks" }).getByRole("listitem");
  const [{ data: globex }, { data: person }] = await Promise.all([
    service.from("workspaces").select("id").eq("slug", "globex").single().throwOnError(),
    service.from("profiles").select("user_id").eq("email", "juan@acme.example").single()
      .throwOnError(),
  ]);
  const membership = { workspace_id: globex.id, user_id: person.user_id };
  await step(test, "who belongs to one workspace is not asked which", async () => {
    await goTo(juan, "Talks");
    await sees(agent(juan, "HR"));
    assert.equal(await choice.count(), 0);
  });
  await step(
    test,
    "who belongs to two chooses, and sees only what is in the chosen one",
    async () => {
      await service.from("members").insert({ ...membership, role: "admin" }).throwOnError();
      await juan.reload();
      await sees(agent(juan, "HR"));
      assert.equal(await agent(juan, "Support").count(), 0);
      await beginTalk(juan, "HR");
      await choice.selectOption({ label: "Globex" });
      await sees(agent(juan, "Support"));
      await sees(juan.getByRole("heading", { level: 1, name: "Talks" }));
      assert.equal(await agent(juan, "HR").count(), 0);
      assert.equal(await talks.count(), 0);
      await isForEverybody(juan, "Talks, with a choice of workspaces");
      // An admin there, and a member of Acme.
      await goTo(juan, "People");
      await sees(juan.getByRole("rowheader", { name: "Juan" }));
    },
  );
  await step(test, "the choice outlasts a reload, and another one is made", async () => {
    await juan.reload();
    await sees(juan.getByRole("heading", { name: "People" }));
    await choice.selectOption({ label: "Acme" });
    await sees(agent(juan, "HR"));
    await sees(talks);
    assert.equal(await juan.getByRole("link", { name: "People" }).count(), 0);
  });
  await step(test, "who is removed from the chosen one is back in the other", async () => {
    await choice.selectOption({ label: "Globex" });
    await sees(agent(juan, "Support"));
    await service.from("members").delete().match(membership).throwOnError();
    await juan.reload();
    await sees(agent(juan, "HR"));
    await losesSight(choice);
  });
}
