/** Talking to an agent through the relay: on the stack with its echo agent, and in an isolate of the test's own with one that misbehaves. */
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { serve } from "../_shared/http.ts";
import { app } from "../sessions/index.ts";
import { countRelays } from "../sessions/open-relays.ts";
import {
  ask,
  connect,
  createWorld,
  environment,
  mintToken,
  type Someone,
  startIsolate,
} from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { agent, workspace, owner, admin, member } = world;
Deno.test.afterAll(() => sql.end());

const stack = `${environment.url}/functions/v1`;

async function open(as: Someone, agent_id = agent): Promise<string> {
  const opened = await ask("POST", "/sessions", { as, body: { agent_id } });
  assertEquals(opened.status, 201, JSON.stringify(opened.body));
  return opened.body.session_id;
}
function allow(to: Someone, can_use: boolean) {
  return ask("PUT", `/agents/${agent}/access/${to.id}`, { as: owner, body: { can_use } });
}

/** Deno's own sends headers; the type that browsers have does not know it. */
const WebSocketWithHeaders = WebSocket as unknown as new (
  url: string,
  options: { headers: Record<string, string> },
) => WebSocket;

type Way = "query" | "protocol" | "header";

/** A person's end of a relay. */
async function call(session: string, token: string, base = stack, way: Way = "protocol") {
  const url = `${base.replace("http", "ws")}/sessions/${session}/connect`;
  const socket = way === "query"
    ? new WebSocket(`${url}?access_token=${token}`)
    : way === "protocol"
    ? new WebSocket(url, ["groundwork", `bearer.${token}`])
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

/** What is answered instead of a socket. The runtime's client shows no more than the status. */
async function refusalOf(session: string, token: string, base = stack): Promise<string> {
  const error = await call(session, token, base).then(() => null, (error: Error) => error);
  return /status code: (\d+)/.exec(error?.message ?? "it was connected")?.[1] ?? String(error);
}

/** An isolate of the test's own behind a port, and an agent of the test's own behind its gateway. */
function startOwn(onCall: (socket: WebSocket, asked: Headers, path: string) => void) {
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
  const front = Deno.serve(quiet, serve(app, () => isolate.services).fetch);
  return {
    base: `http://127.0.0.1:${front.addr.port}`,
    isolate,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) if (socket.readyState < 2) socket.close();
      await eventually("its relays have ended", () => countRelays() === 0);
      await front.shutdown();
      await agents.shutdown();
      await isolate[Symbol.asyncDispose]();
    },
  };
}

/** Timers of relays that have just ended, connections of Redis' client. */
const lax = { sanitizeResources: false, sanitizeOps: false };

for (const way of ["query", "protocol", "header"] as const) {
  Deno.test(`one talks to the agent through the relay, the token in the ${way}`, async () => {
    const { socket, heard, closed } = await call(await open(admin), admin.token, stack, way);
    assertEquals(socket.protocol, way === "protocol" ? "groundwork" : "");
    const bytes = new Uint8Array([0, 1, 255]);
    // The first are said before the agent can have been reached.
    for (const said of ["hello", bytes, "é".repeat(100_000), ""]) socket.send(said);
    await eventually("all came back", () => heard.length === 4);
    assertDeepEquals(heard, ["hello", bytes.buffer, "é".repeat(100_000), ""]);
    socket.close(1000, "done");
    assertDeepEquals(await closed, { code: 1000, reason: "done" });
  });
}

Deno.test("whoever loses the permission while talking is cut off with 4403", async () => {
  await allow(member, true);
  const session = await open(member);
  const { socket, heard, closed } = await call(session, member.token);
  socket.send("hello");
  await eventually("it came back", () => heard.length === 1);
  const bystander = await call(await open(admin), admin.token);
  await allow(member, false);
  assertDeepEquals(await closed, { code: 4403, reason: "You may not use this agent any more." });
  assertEquals(await refusalOf(session, member.token), "403");
  bystander.socket.send("still here");
  await eventually("another goes on", () => bystander.heard.length === 1);
  bystander.socket.close();
  await bystander.closed;
});

Deno.test("whoever leaves the workspace while talking is cut off with 4403", async () => {
  const person = await world.addPerson("member");
  await allow(person, true);
  const { closed } = await call(await open(person), person.token);
  await sql`delete from public.members where workspace_id = ${workspace} and user_id = ${person.id}`;
  assertEquals((await closed).code, 4403);
});

Deno.test("a socket ends with its token, the session does not", async () => {
  const session = await open(admin);
  const brief = await mintToken(admin.id, { exp: Math.floor(Date.now() / 1000) + 2 });
  const { closed } = await call(session, brief);
  assertEquals((await closed).code, 4401);
  assertEquals(await refusalOf(session, brief), "401");
  const again = await call(session, admin.token);
  again.socket.close(1000);
  assertEquals((await again.closed).code, 1000);
});

Deno.test("a session that is closed closes its sockets with 4404, and takes no new ones", async () => {
  const session = await open(admin);
  const [one, other] = [await call(session, admin.token), await call(session, admin.token)];
  await ask("DELETE", `/sessions/${session}`, { as: admin });
  assertDeepEquals([(await one.closed).code, (await other.closed).code], [4404, 4404]);
  assertEquals(await refusalOf(session, admin.token), "409");
});

Deno.test("a message of 1 MiB passes, one byte more ends it with 1009", async () => {
  const { socket, heard, closed } = await call(await open(admin), admin.token);
  socket.send("x".repeat(1024 * 1024));
  await eventually("it came back", () => heard.length === 1);
  socket.send("x".repeat(1024 * 1024 + 1));
  assertEquals((await closed).code, 1009);
});

Deno.test("before the socket is open refusals are answers over HTTP", async () => {
  const session = await open(admin);
  const path = `/sessions/${session}/connect`;
  const plain = await ask("GET", path, { as: admin });
  assertDeepEquals([plain.status, plain.body.error.code], [426, "upgrade_required"]);
  assertEquals(plain.headers.get("upgrade"), "websocket");
  assertEquals((await ask("GET", path)).body.error.code, "not_authenticated");
  assertEquals((await ask("GET", `${path}?access_token=x`)).body.error.code, "invalid_token");
  assertEquals((await ask("GET", `${path}?token=x`, { as: admin })).status, 400);
  assertEquals(await refusalOf(session, "x"), "401");
  assertEquals(await refusalOf(session, owner.token), "404");
  assertEquals(await refusalOf(crypto.randomUUID(), admin.token), "404");
  assertEquals(await refusalOf("x", admin.token), "400");
});

Deno.test({
  name: "who was granted a moment ago is not refused or cut off by an older answer",
  ...lax,
  async fn() {
    await using own = startOwn((socket) => socket.onmessage = ({ data }) => socket.send(data));
    const person = await world.addPerson("member");
    const { permissions } = own.isolate.services;
    assertEquals((await permissions.usable(person.id)).agents.length, 0); // and keeps that for 2 s
    await sql`
      insert into public.permissions (user_id, agent_id, workspace_id)
      values (${person.id}, ${agent}, ${workspace})`;
    const { socket, heard, closed } = await call(await open(person), person.token, own.base);
    socket.send("hello");
    await eventually("it came back", () => heard.length === 1);
    socket.close(1000);
    assertEquals((await closed).code, 1000);
  },
});

Deno.test({
  name: "the agent is told who is talking, and never the token",
  ...lax,
  async fn() {
    const asked: [Headers, string][] = [];
    await using own = startOwn((_, headers, path) => asked.push([headers, path]));
    const endpoint_url = `http://a.${world.namespace}.svc.cluster.local:81/chat/en`;
    const named = await world.addAgent({ endpoint_url });
    const session = await open(admin, named);
    const line = await call(session, admin.token, own.base, "query");
    await eventually("it was called", () => asked.length === 1);
    const [headers, path] = asked[0]!;
    assertEquals(path, "/chat/en");
    const said = ["forwarded-host", "groundwork-session-id", "groundwork-user-id"]
      .concat("groundwork-agent-id", "groundwork-workspace-id")
      .map((name) => headers.get(`x-${name}`));
    const host = `a.${world.namespace}.svc.cluster.local:81`;
    assertDeepEquals(said, [host, session, admin.id, named, workspace]);
    assert(![...headers.values()].join(" ").includes(admin.token));
    const placed = async () =>
      (await ask("GET", "/sessions", { as: admin })).body.sessions
        .find((one: { session_id: string }) => one.session_id === session).node;
    await eventually("it is known where", async () => /^relay:/.test(await placed()));
    line.socket.close(1000);
    await line.closed;
    await eventually("and that it is there no more", async () => await placed() === null);
  },
});

Deno.test({
  name: "when the agent goes away the person is told how",
  ...lax,
  async fn() {
    await using own = startOwn((socket) => {
      socket.onmessage = ({ data }) => socket.close(...JSON.parse(data) as [number?, string?]);
    });
    const cases = [[[4000, "asleep"], 4000, "asleep"], [[1011, "broke"], 1011, "broke"], [
      [],
      1005,
      "",
    ]] as const;
    for (const [said, code, reason] of cases) {
      const { socket, closed } = await call(await open(admin), admin.token, own.base);
      socket.send(JSON.stringify(said));
      assertDeepEquals(await closed, { code, reason });
    }
    await eventually("nothing is left", () => countRelays() === 0);
  },
});

Deno.test({
  name: "when the person goes away the agent is told, and nothing is left",
  ...lax,
  async fn() {
    const codes: number[] = [];
    await using own = startOwn((socket) => socket.onclose = ({ code }) => codes.push(code));
    for (const [said, told] of [[4001, 4001], [undefined, 1000]] as const) {
      const { socket, closed } = await call(await open(admin), admin.token, own.base);
      await eventually("it was called", () => own.sockets.size > codes.length);
      await eventually("it is open", () => [...own.sockets].every((one) => one.readyState > 0));
      if (said) socket.close(said);
      else socket.close();
      await closed;
      await eventually("it was told", () => codes.at(-1) === told);
    }
    await eventually("nothing is left", () => countRelays() === 0);
  },
});

Deno.test({
  name: "an agent that cannot be reached, or must not be, is 1011",
  ...lax,
  async fn() {
    await using own = startOwn(() => {});
    const refusing = `http://a.${world.namespace}.svc.cluster.local/refuses`;
    for (
      const endpoint_url of [
        refusing,
        "https://127.0.0.1/",
        "https://[::1]:8443/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://no-such-agent.invalid/",
      ]
    ) {
      const session = await open(admin, await world.addAgent({ endpoint_url }));
      const { closed } = await call(session, admin.token, own.base);
      const how = await closed;
      assertDeepEquals(how, { code: 1011, reason: "The agent cannot be reached." }, endpoint_url);
    }
    await using alone = startIsolate({ clusterGateway: null });
    const quiet = { hostname: "127.0.0.1", port: 0, onListen() {} };
    const front = Deno.serve(quiet, serve(app, () => alone.services).fetch);
    const { closed } = await call(
      await open(admin),
      admin.token,
      `http://127.0.0.1:${front.addr.port}`,
    );
    assertEquals((await closed).code, 1011, "without a gateway there is no way into the cluster");
    await eventually("nothing is left", () => countRelays() === 0);
    await front.shutdown();
  },
});

Deno.test({
  name: "a session that was closed elsewhere closes its sockets here",
  ...lax,
  async fn() {
    await using own = startOwn(() => {});
    const session = await open(admin);
    const { closed } = await call(session, admin.token, own.base);
    await ask("DELETE", `/sessions/${session}`, { as: admin }); // on the stack: another isolate
    assertEquals((await closed).code, 4404);
  },
});

Deno.test({
  name: "while nobody can say whether one may, nothing passes, and then it ends with 1013",
  ...lax,
  async fn() {
    const heard: string[] = [];
    await using own = startOwn((socket) => socket.onmessage = ({ data }) => heard.push(data));
    const { socket, closed } = await call(await open(admin), admin.token, own.base);
    socket.send("before");
    await eventually("it passed", () => heard.length === 1);
    const { permissions } = own.isolate.services;
    let failures = 0;
    permissions.usable = () => {
      failures++;
      return Promise.reject(new Error("the database is away"));
    };
    await eventually("it was asked", () => failures > 0);
    socket.send("during");
    assertEquals((await closed).code, 1013);
    assertDeepEquals(heard, ["before"]);
  },
});
