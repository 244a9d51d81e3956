/** A process of its own that serves the function `streams` on a free port, which it prints, for a test to kill. */
import { serve } from "../_shared/http/app.ts";
import { app } from "../streams/index.ts";
import { environment, startIsolate } from "./world.ts";

const { services } = startIsolate({
  rateLimits: { ...environment.rateLimits, read: 1e6, write: 1e6, chunks: 1e6 },
});
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
}, serve(app, () => services).fetch);
