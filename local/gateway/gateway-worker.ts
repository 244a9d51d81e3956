/** The stack's front door, in a thread of its own: what the stack computes does not keep it from answering. */
/// <reference lib="deno.worker" />
import type http from "node:http";
import type { AddressInfo } from "node:net";
import { listenOn, PortTakenError } from "../ports.ts";
import { type Edge, type EdgeOptions, findFunctions, openEdge } from "../edge/edge.ts";
import { createFrontDoor, type Refusal } from "./front-door.ts";
import { findTarget, type Route, type Target } from "./routes.ts";

/** From the parent: take the port; begin to answer; end. */
export type GatewayRequest =
  | { kind: "listen"; port: number }
  | { kind: "serve"; routes: Route[]; functions: EdgeOptions | null }
  | { kind: "stop" };

/** To the parent. */
export type GatewayReport =
  | { kind: "listening"; port: number }
  | { kind: "serving"; functions: string[] }
  | { kind: "failed"; reason: string; isPortTaken: boolean }
  | { kind: "stopped" };

/**
 * How long requests that are being answered may keep the stack from ending, in milliseconds. Streams would keep it for
 * ever.
 */
const patience = 500;

const noRoute: Refusal = { status: 404, body: { message: "no Route matched with those values" } };
const ready = Promise.withResolvers<void>();
let routes: Route[] | null = null;
let server: http.Server | undefined;
let edge: Edge | undefined;

const report = (message: GatewayReport) => self.postMessage(message);

function find(path: string): Target | Refusal | Promise<Target | Refusal> {
  // Requests that come before the stack is ready wait.
  if (!routes) return ready.promise.then(() => find(path));
  const name = edge && /^\/functions\/v1\/([^/?]*)/.exec(path)?.[1];
  return edge && name !== undefined && name !== null
    ? findFunction(edge, name, path)
    : findTarget(routes, path) ?? noRoute;
}

const noFunction: Refusal = {
  status: 404,
  body: { code: "NOT_FOUND", message: "Requested function was not found" },
};
const bootError: Refusal = {
  status: 503,
  body: { code: "BOOT_ERROR", message: "The function failed to start (see the stack's output)" },
};

function findFunction(
  functions: Edge,
  name: string,
  path: string,
): Target | Refusal | Promise<Target | Refusal> {
  const at = (port: number | null): Target | Refusal =>
    port === null
      ? noFunction
      : { host: "127.0.0.1", port, path: path.slice("/functions/v1".length), ownCors: true };
  const port = functions.portOf(name);
  if (!(port instanceof Promise)) return at(port);
  return port.then(at, (error) => {
    console.error(`[functions] ${name}:`, error instanceof Error ? error.message : error);
    return bootError;
  });
}

function open(port: number): Promise<http.Server> {
  const door = createFrontDoor(find);
  return new Promise((resolve, reject) => {
    door.once("error", reject);
    door.listen(port, "127.0.0.1", () => {
      door.off("error", reject);
      resolve(door);
    });
  });
}

/** What `node:http` calls a taken port, by Deno's name for it. */
async function listen(port: number): Promise<http.Server> {
  try {
    return await open(port);
  } catch (error) {
    const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    throw isTaken ? new Deno.errors.AddrInUse(error.message) : error;
  }
}

async function handle(request: GatewayRequest) {
  if (request.kind === "listen") {
    server = await listenOn(request.port, "the API", () => listen(request.port));
    report({ kind: "listening", port: (server.address() as AddressInfo).port });
  } else if (request.kind === "serve") {
    const { functions } = request;
    edge ??= functions ? openEdge(functions) : undefined;
    routes = request.routes;
    ready.resolve();
    report({ kind: "serving", functions: functions ? await findFunctions(functions.folder) : [] });
  } else {
    const closed = new Promise((resolve) => server ? server.close(resolve) : resolve(null));
    server?.closeIdleConnections();
    const late = new Promise((resolve) => setTimeout(resolve, patience));
    await Promise.race([closed, late]);
    server?.closeAllConnections();
    await edge?.stop();
    report({ kind: "stopped" });
  }
}

self.onmessage = ({ data }: MessageEvent<GatewayRequest>) => {
  handle(data).catch((error) =>
    report({ kind: "failed", reason: String(error), isPortTaken: error instanceof PortTakenError })
  );
};

// A connection that breaks at the wrong moment must not close the door for all others.
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  console.error("[gateway] unhandled rejection:", event.reason);
});
self.addEventListener("error", (event) => {
  event.preventDefault();
  console.error("[gateway] uncaught error:", event.error);
});
