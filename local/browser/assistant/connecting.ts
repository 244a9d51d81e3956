/** A person connects an account at a provider, comes back from it, and gives the account up. */
import assert from "node:assert/strict";
import type postgres from "postgres";
import type { Page } from "playwright-core";
import { startProvider } from "../../../supabase/functions/tests/oauth-server.ts";
import { isForEverybody } from "./accessible.ts";
import { goTo, losesSight, sees, step } from "./windows.ts";

export async function connecting(
  test: Deno.TestContext,
  juan: Page,
  sql: postgres.Sql<{ bigint: number }>,
): Promise<void> {
  await using provider = await startProvider(sql, { account: "juan@elsewhere.example" });
  const accounts = juan.getByRole("list", { name: "Connected accounts" }).getByRole("listitem");
  const mine = accounts.filter({ hasText: "juan@elsewhere.example" });
  const connect = (to = "A provider") =>
    juan.getByRole("button", { name: `Connect ${to}` }).click();
  /** What came back in the address is gone from it: it is not told again. */
  const isTold = async (role: "status" | "alert", text: string) => {
    await sees(juan.getByRole(role).filter({ hasText: text }));
    assert.equal(new URL(juan.url()).search, "");
  };
  await goTo(juan, "Accounts");
  await juan.reload();
  await step(test, "who refuses at the example's calendar comes back and is told so", async () => {
    await connect("Calendar");
    await juan.getByRole("link", { name: "Refuse" }).click();
    await isTold("alert", "The provider says that you refused.");
    assert.equal(await accounts.count(), 0);
  });
  await step(test, "who allows it has an account there", async () => {
    await connect("Calendar");
    await juan.getByRole("link", { name: "Allow" }).click();
    await isTold("status", "The account is connected.");
    await sees(accounts.filter({ hasText: "you@calendar.example" }));
  });
  await step(test, "who agrees comes back to the page, and the account is there", async () => {
    await connect();
    await isTold("status", "The account is connected.");
    await sees(mine.filter({ hasText: "(active)" }));
    await isForEverybody(juan, "Accounts, connected");
    await juan.reload();
    await sees(mine);
    assert.equal(await juan.getByRole("status").count(), 0);
  });
  await step(test, "an account is given up, here and at its provider", async () => {
    await mine.getByRole("button", { name: `Give up ${provider.name}` }).click();
    await losesSight(mine);
    assert.ok(provider.state.revoked.length > 0);
  });
  await step(test, "a provider that asks for it is answered by the page itself", async () => {
    await sql`
      update public.connection_providers set needs_confirmation = true where name = ${provider.name}`;
    await connect();
    await isTold("status", "The account is connected.");
    await sees(mine.filter({ hasText: "(active)" }));
  });
  await sql`update public.connection_providers set is_enabled = false where name = ${provider.name}`;
}
