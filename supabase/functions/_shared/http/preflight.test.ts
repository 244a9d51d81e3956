import { corsHeaders } from "@supabase/supabase-js/cors";
import { assertDeepEquals, assertEquals } from "../asserts.ts";
import { createApp, serve } from "./app.ts";

const words = (text: string | null | undefined) =>
  (text ?? "").split(",").map((word) => word.trim().toLowerCase());

/** What tracing and retrying clients add by themselves, besides what the library says of itself. */
const added = ["sentry-trace", "idempotency-key", "last-event-id"];

Deno.test("a preflight allows whatever supabase-js sends, and what tracing adds", async () => {
  const { fetch } = serve(createApp("any"), () => {
    throw new Error("a preflight needs no services");
  });
  const answer = await fetch(new Request("http://localhost/any", { method: "OPTIONS" }));
  assertEquals(answer.status, 204);
  assertEquals(answer.headers.get("access-control-allow-origin"), "*");
  const allowed = words(answer.headers.get("access-control-allow-headers"));
  const wanted = [...words(corsHeaders["Access-Control-Allow-Headers"]), ...added];
  assertDeepEquals(wanted.filter((name) => !allowed.includes(name)), []);
  const methods = words(answer.headers.get("access-control-allow-methods"));
  const used = words(corsHeaders["Access-Control-Allow-Methods"]);
  assertDeepEquals(used.filter((name) => !methods.includes(name)), []);
});
