/**
 * The stack's front: its one HTTP port, and the functions behind it, in a thread of their own. Functions answer the requests that the port
 * receives (a WebSocket can only be upgraded there); what is for the Data API, Auth and Storage is passed on to the API's own port. A
 * thread per stack also gives each stack's functions fresh modules and an environment of their own.
 */
/// <reference lib="deno.worker" />
import { listenOn, PortTakenError } from "../ports.ts";
import { type Functions, openFunctions } from "./functions.ts";

/** From the parent: take the port; begin to answer; end. */
export type EdgeRequest =
  | { kind: "listen"; port: number }
  | { kind: "serve"; folder: string; env: Record<string, string>; apiOrigin: string }
  | { kind: "stop" };

/** To the parent. */
export type EdgeReport =
  | { kind: "listening"; port: number }
  | { kind: "failed"; reason: string; isPortTaken: boolean }
  | { kind: "serving"; names: string[] }
  | { kind: "stopped" };

/** How long requests that are being answered may keep the stack from ending, in milliseconds. Streams would keep it for ever. */
const patience = 500;

const ready = Promise.withResolvers<{ functions: Functions; apiOrigin: string }>();
const ending = new AbortController();
let server: Deno.HttpServer<Deno.NetAddr> | undefined;

const report = (message: EdgeReport) => self.postMessage(message);

const answer: Deno.ServeHandler<Deno.NetAddr> = async (request, info) => {
  const { functions, apiOrigin } = await ready.promise;
  const { pathname, search } = new URL(request.url);
  if (pathname.startsWith("/functions/v1/")) return await functions.fetch(request, info);
  if (/^\/(rest|auth|storage)\/v1\//.test(pathname)) {
    const headers = new Headers(request.headers);
    // Otherwise the way to the API would be compressed and unpacked for nothing.
    headers.set("accept-encoding", "identity");
    const { method, body, signal } = request;
    const passed = new Request(apiOrigin + pathname + search, {
      method,
      headers,
      body,
      signal,
      redirect: "manual",
    });
    return await fetch(passed);
  }
  return Response.json({ message: "no Route matched with those values" }, { status: 404 });
};

/** Gives the functions exactly this environment. Deno's own belongs to the whole process, and there may be other stacks in it. */
function setEnvironment(env: Record<string, string>) {
  Object.assign(Deno.env, {
    get: (name: string) => env[name],
    has: (name: string) => name in env,
    toObject: () => ({ ...env }),
    set: (name: string, value: string) => void (env[name] = value),
    delete: (name: string) => void delete env[name],
  });
}

async function handle(request: EdgeRequest) {
  if (request.kind === "listen") {
    const { port } = request;
    const options = { hostname: "127.0.0.1", port, onListen: () => {}, signal: ending.signal };
    server = await listenOn(port, "the API", () => Deno.serve(options, answer));
    report({ kind: "listening", port: server.addr.port });
  } else if (request.kind === "serve") {
    setEnvironment(request.env);
    const functions = await openFunctions(request.folder);
    ready.resolve({ functions, apiOrigin: request.apiOrigin });
    report({ kind: "serving", names: functions.names });
    await functions.warm();
  } else {
    const timer = setTimeout(() => ending.abort(), patience);
    const aborted = new Promise((resolve) => ending.signal.addEventListener("abort", resolve));
    await Promise.race([server?.shutdown(), aborted]);
    clearTimeout(timer);
    report({ kind: "stopped" });
  }
}

self.onmessage = ({ data }: MessageEvent<EdgeRequest>) => {
  handle(data).catch((error) =>
    report({ kind: "failed", reason: String(error), isPortTaken: error instanceof PortTakenError })
  );
};

// What a function leaves unhandled must not take the others, and the port, with it.
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  console.error("[functions] unhandled rejection:", event.reason);
});
self.addEventListener("error", (event) => {
  event.preventDefault();
  console.error("[functions] uncaught error:", event.error);
});
