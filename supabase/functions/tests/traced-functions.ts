/** A process of its own that serves the functions of a turn, and sends traces where its environment says. */
import type { AddressInfo } from "node:net";
import { serve } from "../_shared/http/app.ts";
import { parseEnvironment } from "../_shared/environment.ts";
import { createServices } from "../_shared/services.ts";
import { app as agents } from "../agents/index.ts";
import { app as context } from "../context/index.ts";
import { app as sessions, serveSessions } from "../sessions/index.ts";
import { app as streams } from "../streams/index.ts";
import { app as work } from "../work/index.ts";

const services = createServices({ ...parseEnvironment(), poolSize: 16, redis: null });
const apps = { agents, context, sessions, streams, work };
const served = new Map(
  Object.entries(apps).map(([name, app]) => [name, serve(app, () => services).fetch]),
);
const sockets = serveSessions(() => services);
await new Promise<void>((listens) => sockets.listen(0, "127.0.0.1", listens));
console.log(`sockets ${(sockets.address() as AddressInfo).port}`);
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`listens ${port}`),
}, (request) => {
  const { pathname } = new URL(request.url);
  const [, name = ""] = pathname.split("/");
  return served.get(name)?.(request) ?? new Response(null, { status: 404 });
});
