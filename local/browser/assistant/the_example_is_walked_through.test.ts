/** The example's page in a real browser, in the windows of several people, with its agent. */
import assert from "node:assert/strict";
import type postgres from "postgres";
import { startAssistant } from "../../assistant/assistant.ts";
import { connect } from "../../database/connect.ts";
import { createGroundworkClient } from "../../../types/client.ts";
import { withBrowser } from "../chromium.ts";
import { allowing, granting, inviting, redriving, watching } from "./administering.ts";
import { choosing } from "./choosing.ts";
import { connecting } from "./connecting.ts";
import { approving, attaching, beingHere, branching, remembering } from "./keeping.ts";
import { longDocument, signingIn, talking } from "./talking.ts";
import { complaints, openAs } from "./windows.ts";

const required = (name: string): string => {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is not set: run this by npm test -- --only browser`);
  return value;
};
const stack = {
  apiUrl: required("SUPABASE_URL"),
  publishableKey: required("SUPABASE_PUBLISHABLE_KEY"),
  secretKey: required("SUPABASE_SECRET_KEY"),
  dbUrl: Deno.env.get("GROUNDWORK_TEST_ADMIN_URL") ?? required("SUPABASE_DB_URL"),
};
const service = createGroundworkClient(stack.apiUrl, stack.secretKey, {
  auth: { persistSession: false, autoRefreshToken: false },
});

Deno.test({
  name: "people and admins use the example's page with an agent that answers",
  // The browser's connection is Playwright's own, and supabase-js keeps timers.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(test) {
    // The stack's functions send people back to this page only.
    const port = Number(required("GROUNDWORK_TEST_APP_PORT"));
    const app = await startAssistant({ ...stack, port, log: console.error });
    const sql = connect(stack.dbUrl) as postgres.Sql<{ bigint: number }>;
    try {
      await app.ready;
      const { data: acme } = await service.from("workspaces").select("id").eq("slug", "acme")
        .single().throwOnError();
      await service.rpc("put_document", { workspace_id: acme.id, ...longDocument }).throwOnError();
      await withBrowser(required("GROUNDWORK_TEST_CHROMIUM"), async (browser) => {
        await signingIn(test, browser, app.url);
        const juan = await openAs(browser, app.url, "juan@acme.example");
        const ben = await openAs(browser, app.url, "ben@acme.example");
        await talking(test, juan, app.holdAgent);
        await branching(test, juan, app.holdAgent);
        await attaching(test, juan);
        await remembering(test, juan);
        await approving(test, juan);
        await beingHere(test, juan, ben);
        await granting(test, juan, ben);
        await inviting(test, ben);
        await allowing(test, juan, ben);
        await connecting(test, juan, sql);
        await redriving(test, ben, service, acme.id);
        await watching(test, ben, service, acme.id, sql);
        await choosing(test, juan, service);
        assert.deepEqual(complaints, []);
      });
    } finally {
      await app.stop();
      await sql.end();
    }
  },
});
