/**
 * The races that break permission caches, between isolates that share a Redis. Each test stops one
 * of them at the worst moment, and fails without the mechanism that it is about. Without Redis
 * nothing is shared and there is nothing to race.
 */
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { createRedisScratchpad } from "../_shared/scratchpad/redis.ts";
import type { Scratchpad } from "../_shared/scratchpad/scratchpad.ts";
import { app } from "../agents/index.ts";
import { type FaultyRedis, openFaultyRedis } from "./faulty-redis.ts";
import {
  connect,
  createWorld,
  environment,
  type Isolate,
  type Someone,
  startIsolate,
} from "./world.ts";

const { redis } = environment;
const sql = connect();
const world = await createWorld(sql);
const { agent, admin } = world;
// More people are raced than the smallest plan has seats.
await sql`
  insert into public.workspace_limits (workspace_id, name, value) values (${world.workspace}, 'seats', 1000)`;
Deno.test.afterAll(() => sql.end());

/** What a race is run with: isolates, each with a way of its own to one Redis. */
interface Arena {
  start(): { isolate: Isolate; way: FaultyRedis };
  /** Looks into Redis from outside. */
  pad: Scratchpad;
  /** Somebody who was granted the agent before the race. */
  person: Someone;
}

function race(claim: string, fn: (arena: Arena) => Promise<void>): void {
  Deno.test({
    name: claim,
    ignore: !redis,
    sanitizeResources: false, // connections to Redis are kept by fetch
    sanitizeOps: false,
    async fn() {
      if (!redis) return;
      // The platform's Deno has no AsyncDisposableStack.
      const opened: AsyncDisposable[] = [];
      const use = <One extends AsyncDisposable>(one: One): One => {
        opened.push(one);
        return one;
      };
      const part = crypto.randomUUID();
      const start = () => {
        const way = use(openFaultyRedis(redis, part));
        return { way, isolate: use(startIsolate({ redis: way.address })) };
      };
      try {
        const person = await world.addPerson("member");
        const first = start();
        assertEquals((await grant(first.isolate, person)).status, 200);
        const pad = createRedisScratchpad(start().way.address, 2000);
        await fn({ start, pad, person });
      } finally {
        for (const one of opened.reverse()) await one[Symbol.asyncDispose]();
      }
    },
  });
}

function latch() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => open = resolve);
  return { open, opened };
}

function grant(isolate: Isolate, person: Someone) {
  return isolate.ask(app, "PUT", `/agents/${agent}/access/${person.id}`, { as: admin, body: {} });
}
function revoke(isolate: Isolate, person: Someone) {
  return isolate.ask(app, "DELETE", `/agents/${agent}/access/${person.id}`, { as: admin });
}
async function isAllowed(isolate: Isolate, person: Someone): Promise<boolean> {
  return (await isolate.ask(app, "GET", `/agents/${agent}/access`, { as: person })).body.allowed;
}

/** Holds a reader's write back, the only request that carries the agent, until it is let go. */
function holdWriteBack(way: FaultyRedis) {
  const [came, go, done] = [latch(), latch(), latch()];
  way.around = async (body, pass) => {
    if (!body.includes(agent)) return await pass();
    came.open();
    await go.opened;
    const answered = await pass();
    done.open();
    return answered;
  };
  return { came: came.opened, go: go.open, done: done.opened };
}

race(
  "a reader that loaded before a revoke does not write its answer back after it",
  async ({ start, person }) => {
    const reader = start();
    const writeBack = holdWriteBack(reader.way);
    assert(await isAllowed(reader.isolate, person)); // loads the revision that allows
    await writeBack.came;
    assertEquals((await revoke(start().isolate, person)).status, 200);
    writeBack.go();
    await writeBack.done;
    assertEquals(await isAllowed(start().isolate, person), false);
  },
);

race(
  "a reader that loaded before Redis lost everything does not write back after it",
  async ({ start, pad, person }) => {
    const reader = start();
    const writeBack = holdWriteBack(reader.way);
    assert(await isAllowed(reader.isolate, person));
    await writeBack.came;
    // The revoke raised a floor; then Redis came back without it, and somebody began another epoch.
    await revoke(start().isolate, person);
    await pad.remove(["epoch", `floor:${person.id}`, `agents:${person.id}`]);
    await pad.readAnswer(crypto.randomUUID());
    writeBack.go();
    await writeBack.done;
    assertEquals(await isAllowed(start().isolate, person), false);
  },
);

race(
  "an answer that Redis gave before a revoke is not kept after it by the isolate that revoked",
  async ({ start, pad, person }) => {
    assert(await isAllowed(start().isolate, person));
    await eventually(
      "it is in Redis",
      async () => (await pad.readAnswer(person.id)).answer !== null,
    );
    const { isolate, way } = start();
    const [given, go] = [latch(), latch()];
    way.around = async (body, pass) => {
      const answered = await pass();
      if (body.includes("'HMGET', KEYS[2]") && body.includes(person.id)) {
        given.open();
        await go.opened;
      }
      return answered;
    };
    const early = isAllowed(isolate, person);
    await given.opened; // Redis has answered; the isolate does not know yet
    way.around = (_, pass) => pass();
    await revoke(isolate, person);
    go.open();
    await early; // may say yes: it was asked before
    assertEquals(await isAllowed(isolate, person), false);
  },
);

race(
  "an isolate that kept an answer stops believing it within two seconds",
  async ({ start, person }) => {
    const [reader, writer] = [start().isolate, start().isolate];
    assert(await isAllowed(reader, person));
    await revoke(writer, person);
    assertEquals(await isAllowed(writer, person), false, "the isolate that revoked knows at once");
    const acknowledged = Date.now();
    // What counts is when the last one who was believed had asked: an answer may take as long as it takes.
    let asked = Date.now();
    let believed = 0;
    for (; await isAllowed(reader, person); asked = Date.now()) {
      believed = asked - acknowledged;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert(believed <= 2000, `who asked ${believed} ms later was believed`);
  },
);

race("the database's call clears what a direct write made old", async ({ start, pad, person }) => {
  const { isolate } = start();
  assert(await isAllowed(isolate, person));
  await eventually("it is in Redis", async () => (await pad.readAnswer(person.id)).answer !== null);
  await sql`delete from public.permissions where user_id = ${person.id} and agent_id = ${agent}`;
  const [row] = await sql<{ revision: number }[]>`
    select revision from private.permission_revisions where user_id = ${person.id}`;
  const called = await isolate.ask(app, "POST", "/agents/invalidate", {
    as: "service",
    body: { floors: { [person.id]: row?.revision }, agents: [agent] },
  });
  assertDeepEquals([called.status, called.body], [200, { floors: 1, agents: 1 }]);
  assertEquals(await isAllowed(isolate, person), false);
  assertEquals(await isAllowed(start().isolate, person), false);
});

race(
  "a revoke that Redis cannot hear is answered 202 with its bound, and holds here at once",
  async ({ start, person }) => {
    const { isolate, way } = start();
    assert(await isAllowed(isolate, person));
    way.fault = "refuses";
    const answered = await revoke(isolate, person);
    assertDeepEquals(
      [answered.status, answered.body.bound_seconds, answered.body.allowed],
      [202, 300, false],
    );
    assertEquals(await isAllowed(isolate, person), false);
    const granted = await grant(isolate, person);
    assertDeepEquals([granted.status, granted.body.bound_seconds], [202, 300], "a grant likewise");
    assertEquals((await revoke(isolate, person)).status, 202);
    const called = await isolate.ask(app, "POST", "/agents/invalidate", {
      as: "service",
      body: { floors: { [person.id]: answered.body.revision } },
    });
    assertEquals(called.status, 503, "the ledger must try again");
  },
);

race("after an outage nothing from before it is believed", async ({ start, pad, person }) => {
  const { isolate, way } = start();
  assert(await isAllowed(start().isolate, person));
  await eventually("it is in Redis", async () => (await pad.readAnswer(person.id)).answer !== null);
  way.fault = "refuses";
  assertEquals((await revoke(isolate, person)).status, 202);
  assert((await pad.readAnswer(person.id)).answer !== null, "it is still there, and wrong");
  way.fault = "none";
  await eventually("Redis is used again", () => isolate.services.scratchpad.state === "closed");
  assertEquals((await pad.readAnswer(person.id)).answer, null);
  assertEquals(await isAllowed(start().isolate, person), false);
});

race(
  "a revoke while the epoch is being renewed is not forgotten by it",
  async ({ start, pad, person }) => {
    const { isolate, way } = start();
    way.fault = "refuses";
    await isolate.services.scratchpad.clear(() => Promise.reject(new Error("the outage begins")));
    const [renewed, go] = [latch(), latch()];
    way.around = async (body, pass) => {
      const answered = await pass();
      if (!body.includes('"epoch"')) return answered;
      way.around = (_, pass) => pass();
      renewed.open();
      await go.opened;
      return answered;
    };
    way.fault = "none";
    await renewed.opened; // Redis has the new epoch; the isolate does not know yet
    assert(await isAllowed(start().isolate, person)); // somebody's answer, of the new epoch
    await eventually(
      "it is in Redis",
      async () => (await pad.readAnswer(person.id)).answer !== null,
    );
    assertEquals((await revoke(isolate, person)).status, 202);
    go.open();
    await eventually("Redis is used again", () => isolate.services.scratchpad.state === "closed");
    assertEquals(await isAllowed(start().isolate, person), false);
  },
);

race(
  "a Redis that refuses or hangs refuses nobody and is left alone until it works",
  async ({ start, person }) => {
    for (const fault of ["refuses", "hangs"] as const) {
      const { isolate, way } = start();
      const { permissions, scratchpad } = isolate.services;
      way.fault = fault;
      for (let i = 0; i < 20; i++) {
        assert(await isAllowed(isolate, person));
        await permissions.usable(crypto.randomUUID());
      }
      assert(scratchpad.state !== "closed");
      assert(way.requests < 10, `${way.requests} requests: an open breaker asks nobody`);
      way.fault = "none";
      await eventually("Redis is used again", () => scratchpad.state === "closed");
      const before = way.requests;
      await permissions.usable(crypto.randomUUID());
      assert(way.requests > before);
    }
  },
);

race("a thousand who ask at once are one lookup", async ({ start, person }) => {
  const { isolate, way } = start();
  const answers = await Promise.all(
    Array.from({ length: 1000 }, () => isolate.services.permissions.usable(person.id)),
  );
  assertEquals(new Set(answers).size, 1, "all were given the same object");
  assert(way.requests <= 2, `${way.requests} requests to Redis: the read and the write back`);
});

race(
  "a thousand who ask for fresh at once are two lookups: the first is too old for the rest",
  async ({ start, person }) => {
    const { isolate } = start();
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () => isolate.services.permissions.usable(person.id, "fresh")),
    );
    assertEquals(new Set(answers).size, 2);
    assert(answers.every((answer) => answer.source === "database"));
  },
);

race(
  "who is answered from memory, Redis or the database is told so",
  async ({ start, pad, person }) => {
    const [first, second] = [start().isolate, start().isolate];
    const from = async (isolate: Isolate, consistency: string) => {
      const headers = { "x-consistency": consistency };
      const answered = await isolate.ask(app, "GET", "/agents", { as: person, headers });
      return answered.headers.get("x-answered-from");
    };
    assertEquals(await from(first, "cached"), "database");
    assertEquals(await from(first, "cached"), "memory");
    await eventually(
      "it is in Redis",
      async () => (await pad.readAnswer(person.id)).answer !== null,
    );
    assertEquals(await from(second, "cached"), "scratchpad");
    assertEquals(await from(second, "fresh"), "database");
    assertEquals(await from(second, "at-least:1"), "memory");
    assertEquals(await from(second, "at-least:99"), "database");
  },
);
