import { assert, assertEquals } from "../../_shared/asserts.ts";
import type { Services } from "../../_shared/services.ts";
import { events } from "./answers.ts";
import type { Read } from "./store.ts";

const longPiece = btoa("x".repeat(300_000));
const first: Read = {
  id: 1,
  content_type: "text/plain",
  is_json: false,
  tail: 100,
  is_closed: true,
  ttl: null,
  expires_at: null,
  is_gone: false,
  pieces: [],
  next: 0,
};

Deno.test("what a slow reader of events has not taken is not read ahead for", async () => {
  let reads = 0;
  const services = {
    database: {
      run: () => Promise.resolve([{ read: { ...first, pieces: [longPiece], next: ++reads } }]),
    },
    lifetime: { lastCall: Infinity },
  } as unknown as Services;
  const response = events(
    { services, path: "a/path", check: () => Promise.resolve() },
    {
      from: 0,
      live: "sse",
      cursor: null,
    },
    first,
    () => {},
  );
  // Many turns of the event loop, in which everything would be read.
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setTimeout(resolve, 2));
  assert(reads <= 2, `${reads} were read for a reader who takes none`);
  const text = await response.text();
  assertEquals(text.split("event: data").length - 1, 100);
  assert(text.includes('"streamClosed":true'));
});
