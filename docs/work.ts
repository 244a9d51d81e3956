/**
 * The example of docs/work.md: a person adds work, and a worker outside the database does it, with an
 * agent's credential and no key. It needs the table that the page begins with.
 *
 *   npx deno run -A docs/work.ts http://127.0.0.1:54321 sb_publishable_…
 *
 * The page shows what it prints; a test runs it and compares.
 */
import { createClient } from "@supabase/supabase-js";
import { createAgentTokens } from "../types/agent-tokens.ts";
import { httpTransport, runWorker } from "../types/worker.ts";

const [url, key] = Deno.args;
if (!url || !key) throw new Error("usage: work.ts <API URL> <publishable key>");
const queue = "thumbnail_queue";
// Without the generated types, which do not know the page's table.
const ben = createClient(url, key, { auth: { persistSession: false, autoRefreshToken: false } });
await ben.auth.signInWithPassword({ email: "ben@acme.example", password: "groundwork-demo" });
const { data: [hr] } = await ben.rpc("my_agents").eq("slug", "hr").throwOnError();

// 1. Work is added: what has the key of open work is not added again.
let added = 0;
const names = ["1.jpg", "2.jpg", "2.jpg", "notes.txt"];
for (const name of names) {
  const { error } = await ben.from(queue).insert({
    workspace_id: hr.workspace_id,
    image_url: `https://photos.example/${name}`,
    dedupe_key: name,
  });
  if (error && error.code !== "23505") throw error; // is the table of the page there?
  if (!error) added++;
}
console.log("Added", added, "of", names.length);

// 2. An admin makes the worker's credential, for this queue alone.
const { data: credential, error } = await ben.functions.invoke(`agents/${hr.id}/credentials`, {
  body: { name: "thumbnails", scopes: [`work:${queue}`] },
});
if (error) throw error;

// 3. A worker does it. What its handler answers is what becomes of the work.
const tokens = createAgentTokens({ url, agent: hr.id, credential: credential.secret });
const worker = runWorker({
  queue,
  transport: httpTransport({ url, token: tokens.asItself() }),
  concurrency: 1,
  untilEmpty: true, // without it: until worker.stop()
  handler: ({ work }) => {
    const image = String(work.image_url);
    if (!image.endsWith(".jpg")) {
      console.log(image, "is not a picture");
      return { fail: "not a picture", retry: false };
    }
    console.log(image, "is done");
    return { outcome: { thumbnail_url: image.replace(".jpg", "-small.jpg") } };
  },
});
await worker.finished;

// 4. What could not be done is a dead letter: seen, not lost.
const { data: dead } = await ben.from(queue).select("last_error").eq("status", "failed")
  .throwOnError();
console.log(dead.length, "failed:", dead[0]?.last_error);
await ben.from("agent_credentials").delete().eq("id", credential.id).throwOnError();
