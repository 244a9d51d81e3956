/** What the tests of the relay share: a person's end of it, and an agent of the test's own. */
import type { AddressInfo } from "node:net";
import { assertEquals, eventually } from "../_shared/asserts.ts";
import type { Services } from "../_shared/services.ts";
import { serveSessions } from "../sessions/index.ts";
import { countRelays } from "../sessions/open-relays.ts";
import { ask, connect, createWorld, environment, type Someone, startIsolate } from "./world.ts";

export const sql = connect();
/** Of the file's own. */
export const world = await createWorld(sql);
const { agent, owner } = world;
Deno.test.afterAll(() => sql.end());

/** The running stack. */
export const stack = `${environment.url}/functions/v1`;

/** Opens a session; its id. */
export async function open(as: Someone, agent_id = agent): Promise<string> {
  const opened = await ask("POST", "/sessions", { as, body: { agent_id } });
  assertEquals(opened.status, 201, JSON.stringify(opened.body));
  return opened.body.session_id;
}

/** Lets somebody use the agent, or no more. */
export function allow(to: Someone, can_use: boolean) {
  return ask("PUT", `/agents/${agent}/access/${to.id}`, { as: owner, body: { can_use } });
}

/** Deno's own sends headers; the type that browsers have does not know it. */
const WebSocketWithHeaders = WebSocket as unknown as new (
  url: string,
  options: { headers: Record<string, string> },
) => WebSocket;

/** How the token is given. */
export type Way = "query" | "protocol" | "handover" | "header";

/** A person's end of a relay. */
export async function call(session: string, token: string, base = stack, way: Way = "protocol") {
  const url = `${base.replace("http", "ws")}/sessions/${session}/connect`;
  const socket = way === "query"
    ? new WebSocket(`${url}?access_token=${token}`)
    : way === "protocol"
    ? new WebSocket(url, ["groundwork", `bearer.${token}`])
    : way === "handover"
    ? new WebSocket(url, ["groundwork.handover", `bearer.${token}`])
    : new WebSocketWithHeaders(url, { headers: { authorization: `Bearer ${token}` } });
  socket.binaryType = "arraybuffer";
  const heard: (string | ArrayBuffer)[] = [];
  socket.onmessage = ({ data }) => heard.push(data);
  const closed = new Promise<{ code: number; reason: string }>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("it stayed open for 30 s")), 30_000);
    socket.onclose = ({ code, reason }) => {
      clearTimeout(timer);
      resolve({ code, reason });
    };
  });
  closed.catch(() => {}); // heard by whoever waits for it
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
  });
  return { socket, heard, closed };
}

/** What a socket that is refused closes with: the code, and the error's code. */
export async function refusalOf(session: string, token: string, base = stack): Promise<string> {
  const { code, reason } = await (await call(session, token, base)).closed;
  return `${code} ${reason.split(":")[0]}`;
}

/** `serveSessions` on a port of its own. */
export async function startSessions(services: () => Services) {
  const server = serveSessions(services);
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise<void>((closed) => server.close(() => closed())),
  };
}

/** An isolate of the test's own behind a port, and an agent of the test's own behind its gateway. */
export async function startOwn(onCall: (socket: WebSocket, asked: Headers, path: string) => void) {
  const sockets = new Set<WebSocket>();
  const quiet = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const agents = Deno.serve(quiet, (request) => {
    const [headers, { pathname, search }] = [new Headers(request.headers), new URL(request.url)];
    if (pathname === "/refuses") return new Response("no", { status: 503 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.add(socket);
    onCall(socket, headers, pathname + search);
    return response;
  });
  const isolate = startIsolate({ clusterGateway: `http://127.0.0.1:${agents.addr.port}` });
  const front = await startSessions(() => isolate.services);
  return {
    base: front.base,
    isolate,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) if (socket.readyState < 2) socket.close();
      await eventually("its relays have ended", () => countRelays() === 0);
      await front.close();
      await agents.shutdown();
      await isolate[Symbol.asyncDispose]();
    },
  };
}

/** Timers of relays that have just ended, connections of Redis' client. */
export const lax = { sanitizeResources: false, sanitizeOps: false };
