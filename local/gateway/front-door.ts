/**
 * The HTTP port: passes requests on and answers back, as they come, and WebSockets byte for byte. By `node:http`,
 * because Deno's own server does not give the connection of an upgraded request away.
 */
import type { Buffer } from "node:buffer";
import http from "node:http";
import net from "node:net";
import type { Duplex } from "node:stream";
import { allowing, preflight, readable } from "./cors.ts";
import type { Target } from "./routes.ts";

/** What is answered without asking anybody. */
export interface Refusal {
  status: number;
  body: { code?: string; message: string };
}

/** Finds who answers a path with its query. */
export type Find = (path: string) => Target | Refusal | Promise<Target | Refusal>;

/** Headers that are about one connection only (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

type Headers = Record<string, string | string[]>;

/** Makes the server; it listens when it is told to. */
export function createFrontDoor(find: Find): http.Server {
  const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });
  const server = http.createServer((request, response) => {
    answer(request, response, find, agent).catch((error) => {
      console.error("[gateway]", error);
      refuse(response, badGateway);
    });
  });
  server.on("upgrade", (request, socket, head) => {
    upgrade(request, socket, head, find).catch((error) => {
      console.error("[gateway]", error);
      socket.destroy();
    });
  });
  server.on("close", () => agent.destroy());
  // Streams and slow uploads are nobody's mistake here.
  server.requestTimeout = 0;
  server.timeout = 0;
  // Who asked ends an idle connection: ended here, it may be in use again by somebody who has not heard of it yet.
  server.keepAliveTimeout = 0;
  return server;
}

const badGateway: Refusal = {
  status: 502,
  body: { message: "An invalid response was received from the upstream server" },
};

async function answer(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  find: Find,
  agent: http.Agent,
): Promise<void> {
  const target = await find(request.url ?? "/");
  if ("status" in target) return refuse(response, target);
  if (isPreflight(request) && !target.ownCors) {
    const asked = request.headers["access-control-request-headers"];
    response.writeHead(200, { ...preflight(String(asked ?? "")), "content-length": "0" });
    response.end();
    return;
  }
  const { host, port, path } = target;
  const passed = http.request({
    host,
    port,
    path,
    method: request.method,
    headers: forward(request),
    agent,
  });
  passed.on("response", (answered) => {
    const headers = withoutHops(answered.headers as Headers);
    // The one answer that says to whoever asked what to upgrade to.
    if (answered.statusCode === 426) headers.upgrade = answered.headers.upgrade ?? "websocket";
    if (!target.ownCors) Object.assign(headers, missing(readable, headers));
    response.writeHead(answered.statusCode ?? 502, headers);
    answered.on("error", () => response.destroy());
    answered.pipe(response);
    response.flushHeaders();
  });
  passed.on(
    "error",
    () => response.headersSent ? response.destroy() : refuse(response, badGateway),
  );
  // Whoever asked is gone: the one who answers shall know.
  response.on("close", () => {
    if (!response.writableFinished) passed.destroy();
  });
  request.on("error", () => passed.destroy());
  request.pipe(passed);
}

async function upgrade(
  request: http.IncomingMessage,
  socket: Duplex,
  head: Buffer,
  find: Find,
): Promise<void> {
  const target = await find(request.url ?? "/");
  if ("status" in target) {
    const text = JSON.stringify(target.body);
    const lines = Object.entries(refusalHeaders(text)).map(([name, value]) => `${name}: ${value}`);
    const status = `HTTP/1.1 ${target.status} ${http.STATUS_CODES[target.status] ?? ""}`;
    socket.end([status, ...lines, "connection: close", "", text].join("\r\n"));
    return;
  }
  const upstream = net.connect(target.port, target.host, () => {
    const lines = [`${request.method} ${target.path} HTTP/1.1`];
    const raw = request.rawHeaders;
    for (let i = 0; i < raw.length; i += 2) lines.push(`${raw[i]}: ${raw[i + 1]}`);
    upstream.write(`${lines.join("\r\n")}\r\n\r\n`);
    if (head.length > 0) upstream.write(head);
    upstream.pipe(socket);
    socket.pipe(upstream);
  });
  upstream.setNoDelay(true);
  upstream.on("error", () => socket.destroy());
  upstream.on("close", () => socket.destroy());
  socket.on("error", () => upstream.destroy());
  socket.on("close", () => upstream.destroy());
}

function isPreflight({ method, headers }: http.IncomingMessage): boolean {
  return method === "OPTIONS" && "access-control-request-method" in headers;
}

/** The request's headers as the origin gets them. The host stays: an answer may have to name it. */
function forward(request: http.IncomingMessage): Headers {
  const headers = withoutHops(request.headers as Headers);
  // Otherwise the way inside this machine would be compressed and unpacked for nothing.
  headers["accept-encoding"] = "identity";
  // How a body is framed is between two ends; that there is one of unknown length must be said here too, whatever the
  // method.
  if ("transfer-encoding" in request.headers) headers["transfer-encoding"] = "chunked";
  return headers;
}

function withoutHops(headers: Headers): Headers {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => value !== undefined && !hopByHop.has(name)),
  );
}

function missing(wanted: Record<string, string>, headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => !(name in headers)));
}

function refusalHeaders(text: string): Record<string, string> {
  return {
    ...allowing,
    "content-type": "application/json",
    "content-length": String(new TextEncoder().encode(text).length),
  };
}

function refuse(response: http.ServerResponse, { status, body }: Refusal): void {
  if (response.headersSent) return void response.destroy();
  const text = JSON.stringify(body);
  response.writeHead(status, refusalHeaders(text));
  response.end(text);
}
