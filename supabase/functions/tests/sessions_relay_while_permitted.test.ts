/** A socket is open for as long as one may: on the stack with its echo agent, and in an isolate of the test's own. */
import { assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { allow, call, lax, open, refusalOf, sql, stack, startOwn, world } from "./relay-world.ts";
import { ask, mintToken } from "./world.ts";

const { agent, workspace, owner, admin, member } = world;

Deno.test("whoever loses the permission while talking is cut off with 4403", async () => {
  await allow(member, true);
  const session = await open(member);
  const { socket, heard, closed } = await call(session, member.token);
  socket.send("hello");
  await eventually("it came back", () => heard.length === 1);
  const bystander = await call(await open(admin), admin.token);
  await allow(member, false);
  assertDeepEquals(await closed, { code: 4403, reason: "You may not use this agent any more." });
  assertEquals(await refusalOf(session, member.token), "4403 access_denied");
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
  assertEquals(await refusalOf(session, brief), "4401 invalid_token");
  const again = await call(session, admin.token);
  again.socket.close(1000);
  assertEquals((await again.closed).code, 1000);
});

Deno.test("a session that is closed closes its sockets with 4409, and takes no new ones", async () => {
  const session = await open(admin);
  const [one, other] = [await call(session, admin.token), await call(session, admin.token)];
  await ask("DELETE", `/sessions/${session}`, { as: admin });
  assertDeepEquals([(await one.closed).code, (await other.closed).code], [4409, 4409]);
  assertEquals(await refusalOf(session, admin.token), "4409 session_closed");
});

Deno.test("refusals are answers to requests, and the ends of sockets", async () => {
  const session = await open(admin);
  const path = `/sessions/${session}/connect`;
  const plain = await ask("GET", path, { as: admin });
  assertDeepEquals([plain.status, plain.body.error.code], [426, "upgrade_required"]);
  assertEquals(plain.headers.get("upgrade"), "websocket");
  assertEquals((await ask("GET", path)).body.error.code, "not_authenticated");
  assertEquals((await ask("GET", `${path}?access_token=x`)).body.error.code, "invalid_token");
  assertEquals((await ask("GET", `${path}?token=x`, { as: admin })).status, 400);
  assertEquals(await refusalOf(session, "x"), "4401 invalid_token");
  assertEquals(await refusalOf(session, owner.token), "4404 not_found");
  assertEquals(await refusalOf(crypto.randomUUID(), admin.token), "4404 not_found");
  assertEquals(await refusalOf("x", admin.token), "4400 invalid_parameter");
  // Who offers both knows by the plain one that nothing is heard.
  const offered = ["groundwork.handover", "groundwork", `bearer.${admin.token}`];
  for (const [of, answered] of [[session, offered[0]], [crypto.randomUUID(), offered[1]]]) {
    const socket = new WebSocket(`${stack.replace("http", "ws")}/sessions/${of}/connect`, offered);
    await new Promise((opens) => socket.onopen = opens);
    assertEquals(socket.protocol, answered);
    socket.close();
    await new Promise((closed) => socket.onclose = closed);
  }
});

Deno.test({
  name: "who was granted a moment ago is not refused or cut off by an older answer",
  ...lax,
  async fn() {
    await using own = await startOwn((socket) =>
      socket.onmessage = ({ data }) => socket.send(data)
    );
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
  name: "a session that was closed elsewhere closes its sockets here",
  ...lax,
  async fn() {
    await using own = await startOwn(() => {});
    const session = await open(admin);
    const { closed } = await call(session, admin.token, own.base);
    await ask("DELETE", `/sessions/${session}`, { as: admin }); // on the stack: another isolate
    assertEquals((await closed).code, 4409);
  },
});

Deno.test({
  name: "while nobody can say whether one may, nothing passes, and then it ends with 1013",
  ...lax,
  async fn() {
    const heard: string[] = [];
    await using own = await startOwn((socket) => socket.onmessage = ({ data }) => heard.push(data));
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
