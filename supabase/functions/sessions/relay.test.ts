import { assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import type { Closure, Message, OutboundSocket } from "../_shared/outbound/websocket.ts";
import { type PersonsSocket, type RelayBounds, startRelay } from "./relay.ts";

/** A person's socket whose other end the test holds. */
function createPerson() {
  const heard: unknown[] = [];
  const closures: [number?, string?][] = [];
  const socket = {
    readyState: 1,
    bufferedAmount: 0,
    onmessage: null,
    onclose: null,
    send: (data: unknown) => void heard.push(data),
    close(code?: number, reason?: string) {
      closures.push(code === undefined ? [] : [code, reason]);
      socket.readyState = 3;
    },
  };
  return {
    socket: socket as unknown as PersonsSocket,
    raw: socket,
    heard,
    closures,
    says(data: string | Uint8Array) {
      const event = { data: typeof data === "string" ? data : data.slice().buffer };
      (socket as unknown as PersonsSocket).onmessage?.call(socket as never, event as never);
    },
    leaves(code: number, reason = "") {
      socket.readyState = 3;
      (socket as unknown as PersonsSocket).onclose?.call(
        socket as never,
        { code, reason } as never,
      );
    },
  };
}

/** An agent that answers when the test says so. */
function createAgent() {
  const heard: Message[] = [];
  const closures: Closure[] = [];
  const over = Promise.withResolvers<Closure>();
  let deliver: (message: Message) => void | Promise<void> = () => {};
  const agent = {
    unsent: 0,
    run(given: typeof deliver) {
      deliver = given;
      return over.promise;
    },
    send: (message: Message) => void heard.push(message),
    /** The test says when it has answered. */
    drain: (code: number, reason: string) => void closures.push({ code, reason }),
    close(code: number, reason: string) {
      closures.push({ code, reason });
      over.resolve({ code, reason });
    },
  };
  return {
    agent: agent satisfies OutboundSocket,
    heard,
    closures,
    says: (message: Message) => Promise.resolve(deliver(message)),
    leaves: (code: number, reason = "") => over.resolve({ code, reason }),
  };
}

const bounds: RelayBounds = { longestMessage: 10, mostWaiting: 30, highWater: 10 };

async function join(knowsHandover = false) {
  const [person, agent] = [createPerson(), createAgent()];
  const reach = () => Promise.resolve(agent.agent);
  const relay = startRelay(person.socket, reach, bounds, knowsHandover);
  await new Promise((go) => setTimeout(go));
  return { person, agent, relay };
}

Deno.test("what one says the other hears, text and bytes, in order", async () => {
  const { person, agent, relay } = await join();
  for (const said of ["a", new Uint8Array([1, 2]), "", "b"]) person.says(said);
  for (const said of ["c", new Uint8Array([3]), "d"]) await agent.says(said);
  assertDeepEquals(agent.heard, ["a", new Uint8Array([1, 2]), "", "b"]);
  assertDeepEquals(person.heard, ["c", new Uint8Array([3]), "d"]);
  relay.end(4403, "");
});

Deno.test("what is said before the agent is there waits for it, in order", async () => {
  const [person, agent] = [createPerson(), createAgent()];
  const reached = Promise.withResolvers<OutboundSocket>();
  const relay = startRelay(person.socket, () => reached.promise, bounds);
  person.says("1");
  person.says("2");
  assertDeepEquals(agent.heard, []);
  reached.resolve(agent.agent);
  await eventually("it was told", () => agent.heard.length === 2);
  person.says("3");
  assertDeepEquals(agent.heard, ["1", "2", "3"]);
  relay.end(4403, "");
});

Deno.test("too much waiting ends it with 1013: before the agent is there, or when it does not read", async () => {
  const person = createPerson();
  const relay = startRelay(person.socket, () => new Promise(() => {}), bounds);
  for (let i = 0; i < 3; i++) person.says("x".repeat(10));
  assertDeepEquals(person.closures, []);
  person.says("x");
  assertEquals((await relay.ended).code, 1013);

  const slow = await join();
  slow.agent.agent.unsent = 25;
  slow.person.says("x".repeat(5));
  assertDeepEquals(slow.person.closures, []);
  slow.person.says("x".repeat(6));
  assertEquals(slow.person.closures[0]?.[0], 1013);
});

Deno.test("the agent is read no faster than the person takes it", async () => {
  const { person, agent, relay } = await join();
  let delivered = false;
  person.raw.bufferedAmount = 11;
  const delivering = agent.says("a").then(() => delivered = true);
  await new Promise((go) => setTimeout(go, 60));
  assertEquals(delivered, false);
  person.raw.bufferedAmount = 10;
  await delivering;
  // And who waits so is let go when it ends.
  person.raw.bufferedAmount = 11;
  const waiting = agent.says("b");
  relay.end(4403, "");
  await waiting;
});

Deno.test("while held nothing passes either way, and then all of it does", async () => {
  const { person, agent, relay } = await join();
  relay.hold();
  relay.hold();
  person.says("1");
  const delivering = agent.says("a");
  await new Promise((go) => setTimeout(go, 20));
  assertDeepEquals([agent.heard, person.heard], [[], []]);
  relay.release();
  await delivering;
  person.says("2");
  assertDeepEquals([agent.heard, person.heard], [["1", "2"], ["a"]]);
  relay.hold();
  const never = agent.says("b");
  relay.end(1013, "");
  await never;
  assertDeepEquals(person.heard, ["a"]);
});

Deno.test("whoever leaves, the other is told with what can be told", async () => {
  const byAgent: [said: number, told: [number?, string?]][] = [
    [1000, [1000, "bye"]],
    [1001, [1001, "bye"]],
    [1011, [1011, "bye"]],
    [4999, [4999, "bye"]],
    [1005, []],
    [1006, [1011, "The agent's connection broke."]],
  ];
  for (const [said, told] of byAgent) {
    const { person, agent, relay } = await join();
    agent.leaves(said, "bye");
    await relay.ended;
    assertDeepEquals(person.closures, [told], String(said));
  }
  for (
    const [said, told] of [[1000, 1000], [4999, 4999], [1001, 1001], [1005, 1000], [1006, 1001]]
  ) {
    const { person, agent } = await join();
    person.leaves(said!, "bye");
    assertDeepEquals(agent.closures, [{ code: told, reason: "bye" }], String(said));
  }
});

Deno.test("an agent that cannot be reached is 1011, and one that is reached too late is let go", async () => {
  const person = createPerson();
  const failing = startRelay(person.socket, () => Promise.reject(new Error("inside")), bounds);
  assertDeepEquals(await failing.ended, { code: 1011, reason: "The agent cannot be reached." });

  const [early, agent] = [createPerson(), createAgent()];
  const reached = Promise.withResolvers<OutboundSocket>();
  startRelay(early.socket, () => reached.promise, bounds);
  early.leaves(4001, "bye");
  reached.resolve(agent.agent);
  await eventually("it was let go", () => agent.closures.length === 1);
  assertDeepEquals(agent.closures[0], { code: 4001, reason: "bye" });
});

Deno.test("it ends once: what comes later changes nothing and passes nowhere", async () => {
  const { person, agent, relay } = await join();
  relay.end(4403, "revoked");
  relay.end(4409, "closed");
  person.says("late");
  await agent.says("late");
  agent.leaves(1000);
  person.leaves(1000);
  assertDeepEquals(person.closures, [[4403, "revoked"]]);
  assertDeepEquals(agent.closures, [{ code: 1001, reason: "revoked" }]);
  assertDeepEquals([agent.heard, person.heard], [[], []]);
});

Deno.test("a relay that is handed over delivers all the agent says, and counts what the agent was told", async () => {
  const { person, agent, relay } = await join();
  for (const said of ["one", "two"]) person.says(said);
  relay.handOver();
  relay.handOver();
  assertDeepEquals([agent.heard, agent.closures[0]?.code], [["one", "two"], 4307]);
  assertDeepEquals(person.closures, [], "the agent comes first");
  person.says("between");
  await agent.says("the last");
  agent.leaves(4307);
  await eventually("the person was told", () => person.closures.length > 0);
  assertDeepEquals([person.heard, person.closures], [["the last"], [[4307, "heard=2"]]]);
  person.says("under way");
  person.leaves(4307);
  assertDeepEquals(await relay.ended, { code: 4307, reason: "heard=2" });
  assertDeepEquals(agent.heard, ["one", "two"]);
});

Deno.test("a client that knows handovers is asked to close, in words that no agent can say", async () => {
  const { person, agent, relay } = await join(true);
  person.says("one");
  for (const said of ["plain", "\x10heard=7", "\x10\x10", new Uint8Array([16])]) {
    await agent.says(said);
  }
  relay.handOver();
  agent.leaves(4307);
  await eventually("the person was asked", () => person.heard.length === 5);
  const told = ["plain", "\x10\x10heard=7", "\x10\x10\x10", new Uint8Array([16]), "\x10heard=1"];
  assertDeepEquals([person.heard, person.closures], [told, []]);
  person.leaves(4307);
  assertEquals((await relay.ended).code, 4307);
});

Deno.test("what still waits at a handover was not heard: before the agent is reached, and while held", async () => {
  const [early, late] = [createPerson(), createAgent()];
  const reached = Promise.withResolvers<OutboundSocket>();
  const relay = startRelay(early.socket, () => reached.promise, bounds);
  early.says("waits");
  relay.handOver();
  await eventually("the person was told", () => early.closures.length > 0);
  assertDeepEquals(early.closures, [[4307, "heard=0"]]);
  reached.resolve(late.agent);
  await eventually("the agent is let go", () => late.closures.length > 0);
  assertDeepEquals([late.heard, late.closures[0]?.code], [[], 4307]);
  early.leaves(4307);
  await relay.ended;

  const { person, agent, relay: held } = await join();
  person.says("passes");
  held.hold();
  person.says("waits");
  held.handOver();
  held.release();
  agent.leaves(4307);
  await eventually("the person was told", () => person.closures.length > 0);
  assertDeepEquals([agent.heard, person.closures], [["passes"], [[4307, "heard=1"]]]);
  person.leaves(4307);
  await held.ended;
});

Deno.test("who is revoked while a relay is handed over is cut off with 4403", async () => {
  const { person, agent, relay } = await join();
  relay.handOver();
  assertEquals(agent.closures[0]?.code, 4307);
  relay.end(4403, "");
  assertEquals((await relay.ended).code, 4403);
  assertEquals(person.closures[0]?.[0], 4403);
});
