/**
 * The example of docs/work.md: work is added and done over HTTP, as a worker outside the database
 * does it. It needs the table that the page begins with.
 *
 *   npx deno run -A docs/work.ts http://127.0.0.1:54321 sb_secret_…
 *
 * The page shows what it prints; a test runs it and compares.
 */
import { createGroundworkClient } from "../types/client.ts";
import { httpTransport, runWorker } from "../types/worker.ts";

const [url, key] = Deno.args;
if (!url || !key) throw new Error("usage: work.ts <API URL> <secret key>");
const queue = "thumbnail_queue";
const acme = "00000000-0000-4000-b000-000000000001"; // a seeded workspace

// 1. Work is added: what has the key of open work is not added again.
const photo = (name: string) => ({
  workspace_id: acme,
  image_url: `https://photos.example/${name}`,
  dedupe_key: name,
});
const response = await fetch(`${url}/functions/v1/work/${queue}/enqueue`, {
  method: "POST",
  headers: { apikey: key, "content-type": "application/json" },
  body: JSON.stringify({
    items: [photo("1.jpg"), photo("2.jpg"), photo("2.jpg"), photo("notes.txt")],
  }),
});
if (!response.ok) throw new Error(`${await response.text()} (is the table of the page there?)`);
const { items } = await response.json() as { items: { is_new: boolean }[] };
console.log("Added", items.filter((item) => item.is_new).length, "of", items.length);

// 2. A worker does it. What its handler answers is what becomes of the work.
const worker = runWorker({
  queue,
  transport: httpTransport({ url, key }),
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

// 3. What could not be done is a dead letter: seen, not lost.
const service = createGroundworkClient(url, key, { auth: { persistSession: false } });
const { data } = await service.from("work_health").select().eq("queue", queue).single();
console.log(data?.pending, "pending,", data?.failed, "failed:", data?.last_failure);
