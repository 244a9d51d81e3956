/**
 * The functions, in a thread of their own and behind a port of their own. A thread per stack gives each stack's functions fresh modules and
 * an environment of their own.
 */
/// <reference lib="deno.worker" />
import { openFunctions } from "./functions.ts";

/** From the parent: begin to answer; end. */
export type EdgeRequest =
  | { kind: "serve"; folder: string; env: Record<string, string> }
  | { kind: "stop" };

/** To the parent. */
export type EdgeReport =
  | { kind: "failed"; reason: string }
  | { kind: "serving"; names: string[]; port: number }
  | { kind: "stopped" };

/** How long requests that are being answered may keep the stack from ending, in milliseconds. Streams would keep it for ever. */
const patience = 500;

const ending = new AbortController();
let server: Deno.HttpServer<Deno.NetAddr> | undefined;

const report = (message: EdgeReport) => self.postMessage(message);

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
  if (request.kind === "serve") {
    setEnvironment(request.env);
    const functions = await openFunctions(request.folder);
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, signal: ending.signal };
    server = Deno.serve(options, functions.fetch);
    report({ kind: "serving", names: functions.names, port: server.addr.port });
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
  handle(data).catch((error) => report({ kind: "failed", reason: String(error) }));
};

// What a function leaves unhandled must not take the others with it.
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  console.error("[functions] unhandled rejection:", event.reason);
});
self.addEventListener("error", (event) => {
  event.preventDefault();
  console.error("[functions] uncaught error:", event.error);
});
