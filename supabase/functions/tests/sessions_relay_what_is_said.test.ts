/**
 * Talking to an agent through the relay: on the stack with its echo agent, and in an isolate of the test's own with one
 * that misbehaves.
 */
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { countRelays } from "../sessions/open-relays.ts";
import { call, lax, open, stack, startOwn, startSessions, world } from "./relay-world.ts";
import { ask, startIsolate } from "./world.ts";

const { workspace, admin } = world;

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

Deno.test("a message of 1 MiB passes, one byte more ends it with 1009", async () => {
  const { socket, heard, closed } = await call(await open(admin), admin.token);
  socket.send("x".repeat(1024 * 1024));
  await eventually("it came back", () => heard.length === 1);
  socket.send("x".repeat(1024 * 1024 + 1));
  assertEquals((await closed).code, 1009);
});

Deno.test({
  name: "the agent is told who is talking, and never the token",
  ...lax,
  async fn() {
    const asked: [Headers, string][] = [];
    await using own = await startOwn((_, headers, path) => asked.push([headers, path]));
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
    await using own = await startOwn((socket) => {
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
    await using own = await startOwn((socket) => socket.onclose = ({ code }) => codes.push(code));
    for (const [said, told] of [[4001, 4001], [undefined, 1000]] as const) {
      const { socket, closed } = await call(await open(admin), admin.token, own.base);
      await eventually("it was called", () => own.sockets.size > codes.length);
      await eventually("it is open", () => [...own.sockets].every((one) => one.readyState > 0));
      if (said) socket.close(said);
      else socket.close();
      await closed;
      await eventually("it was told", () => codes.at(-1) === told);
    }
    const { socket, closed } = await call(await open(admin), admin.token, own.base);
    await eventually("it was called", () => own.sockets.size > codes.length);
    socket.send(new Uint8Array(2 ** 20 + 1));
    assertEquals((await closed).code, 1009);
    await eventually("of a message that is too long, too", () => codes.length === 3);
    assertEquals(codes[2], 1001);
    await eventually("nothing is left", () => countRelays() === 0);
  },
});

Deno.test({
  name: "an agent that cannot be reached, or must not be, is 1011",
  ...lax,
  async fn() {
    await using own = await startOwn(() => {});
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
    const front = await startSessions(() => alone.services);
    const { closed } = await call(await open(admin), admin.token, front.base);
    assertEquals((await closed).code, 1011, "without a gateway there is no way into the cluster");
    await eventually("nothing is left", () => countRelays() === 0);
    await front.close();
  },
});
