/**
 * The sockets of `docs/openapi.json` (`x-websocket`): each close code of it is really got, with the reason that it
 * describes, and so is each message that the server has of its own.
 */
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { ApiError, unavailable } from "../_shared/errors.ts";
import { comeAgain } from "../../../types/session-socket.ts";
import { app } from "../sessions/index.ts";
import { document, faultOfMessage } from "./documented-answers.ts";
import { call, lax, open, sql, startOwn, type Way, world } from "./relay-world.ts";
import { ask, createWorld, mintToken } from "./world.ts";

const { admin } = world;
const described = document.paths["/sessions/{id}/connect"]!.get!["x-websocket"]!;
const longest = described.clientMessages[0]!.maxBytes!;
const { closeCodes } = described;

type Own = Awaited<ReturnType<typeof startOwn>>;
const startEcho = () =>
  startOwn((socket) => {
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => socket.send(data);
  });
const enter = async (own: Own, way: Way = "protocol", token = admin.token) =>
  await call(await open(admin), token, own.base, way);

/** The platform says to the isolates of this process that their end is near. */
const endIsolates = () =>
  globalThis.dispatchEvent(
    new CustomEvent("beforeunload", { detail: { reason: "wall_clock" } }),
  );

/** Makes a socket close with each code. */
const ways: Record<string, (own: Own) => Promise<Awaited<ReturnType<typeof call>>>> = {
  async 1009(own) {
    const one = await enter(own);
    one.socket.send("x".repeat(longest));
    await eventually("what is as long as described passes", () => one.heard.length === 1);
    one.socket.send("x".repeat(longest + 1));
    return one;
  },
  async 1011(own) {
    const endpoint_url = `http://a.${world.namespace}.svc.cluster.local/refuses`;
    const session = await open(admin, await world.addAgent({ endpoint_url }));
    return await call(session, admin.token, own.base);
  },
  async 1013(own) {
    const one = await enter(own);
    own.isolate.services.database.run = () => Promise.reject(new Error("it is away"));
    one.socket.send("may this be paid for?");
    return one;
  },
  async 4307(own) {
    const one = await enter(own);
    one.socket.send("counted");
    await eventually("it came back", () => one.heard.length === 1);
    endIsolates();
    return one;
  },
  async 4401(own) {
    const brief = await mintToken(admin.id, { exp: Math.floor(Date.now() / 1000) + 3 });
    return await enter(own, "protocol", brief);
  },
  async 4402(own) {
    const poor = await createWorld(sql);
    await sql`
      insert into public.budgets (workspace_id, period, amount, per_call)
      values (${poor.workspace}, 'day', 100, 100)`;
    const talk = async () => {
      const body = { agent_id: poor.agent };
      const opened = await ask("POST", "/sessions", { as: poor.owner, body });
      return await call(opened.body.session_id, poor.owner.token, own.base);
    };
    const [first, one] = [await talk(), await talk()];
    first.socket.send("it is all reserved for this");
    await eventually("it came back", () => first.heard.length === 1);
    one.socket.send("on credit");
    return one;
  },
  async 4400(own) {
    return await call("x", admin.token, own.base);
  },
  async 4403(own) {
    const person = await world.addPerson("admin");
    const one = await call(await open(person), person.token, own.base);
    await sql`
      delete from public.members where workspace_id = ${world.workspace} and user_id = ${person.id}`;
    return one;
  },
  async 4404(own) {
    return await call(crypto.randomUUID(), admin.token, own.base);
  },
  async 4409(own) {
    const session = await open(admin);
    const one = await call(session, admin.token, own.base);
    await own.isolate.ask(app, "DELETE", `/sessions/${session}`, { as: admin });
    return one;
  },
  async 4429(own) {
    const { limits } = own.isolate.services;
    limits.holdEverywhere = () =>
      Promise.reject(new ApiError(429, "rate_limited", "All are in use."));
    return await enter(own);
  },
  async 4500(own) {
    own.isolate.services.permissions.usable = () =>
      Promise.reject(new TypeError("a fault of ours"));
    return await enter(own);
  },
  async 4503(own) {
    const session = await open(admin);
    own.isolate.services.database.run = () => Promise.reject(unavailable("It is away."));
    return await call(session, admin.token, own.base);
  },
};

Deno.test("each close code of the document has a way to it here, and the package knows one", () => {
  assertDeepEquals(Object.keys(closeCodes), Object.keys(ways));
  assert(comeAgain in closeCodes, "the package comes again for a code of the document");
});

for (const [code, { reason: pattern }] of Object.entries(closeCodes)) {
  Deno.test({
    name: `a socket closes with ${code} as the document says`,
    ...lax,
    async fn() {
      await using own = await startEcho();
      const { closed } = await ways[code]!(own);
      const { code: got, reason } = await closed;
      assertEquals(got, Number(code), `${got} ${reason}`);
      if (pattern) assert(new RegExp(pattern.pattern!).test(reason), reason);
    },
  });
}

for (const way of ["protocol", "handover"] as const) {
  Deno.test({
    name: `what a socket sends is described: ${way}`,
    ...lax,
    async fn() {
      await using own = await startEcho();
      const { socket, heard, closed } = await enter(own, way);
      assert(socket.protocol in described.subprotocols, socket.protocol);
      const said = ["a word", "\x10a control character", "", new Uint8Array([1])];
      for (const one of said) socket.send(one);
      await eventually("all came back", () => heard.length === said.length);
      if (way === "handover") {
        endIsolates();
        await eventually("it is asked to come again", () => heard.length > said.length);
        assertEquals(heard.at(-1), `\x10heard=${said.length}`);
      }
      for (const one of heard) {
        assertEquals(faultOfMessage(described, socket.protocol, one), null);
      }
      socket.close(comeAgain);
      await closed;
    },
  });
}

Deno.test("a message that the document does not describe is found", () => {
  const fault = faultOfMessage(described, "groundwork.handover", "\x10leave=now");
  assert(fault?.includes("must match pattern"), String(fault));
  const asIs = faultOfMessage(described, "groundwork", "\x10leave=now");
  assertEquals(asIs, null, "without that subprotocol it is the agent's");
});
