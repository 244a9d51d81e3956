import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { RefusedError } from "./calls.ts";
import {
  type Claimed,
  runWorker,
  type Transport,
  type WorkerOptions,
  WorkError,
} from "./worker.ts";

type Heard = [verb: string, ids: number[], more?: unknown];

/** A queue in memory: it gives what it has, hears everything, and can be made to refuse or to be away. */
function createQueue(count: number) {
  const heard: Heard[] = [];
  const left = Array.from({ length: count }, (_, n) => n + 1);
  let claims = 0;
  const queue = {
    heard,
    left,
    /** What happens instead, by verb: a thrown error reaches the worker. */
    instead: {} as Record<string, (ids: number[]) => void>,
    of: (verb: string) => heard.filter(([said]) => said === verb),
    idsOf: (verb: string) => queue.of(verb).flatMap(([, ids]) => ids).toSorted((a, b) => a - b),
    transport: {} as Transport,
  };
  const hear = (verb: string, ids: number[], more?: unknown): Promise<void> => {
    queue.instead[verb]?.(ids);
    heard.push([verb, ids, more]);
    return Promise.resolve();
  };
  queue.transport = {
    async claim(_queue, _worker, batch) {
      await hear("claim", []);
      const token = `token-${++claims}`;
      return left.splice(0, batch).map((id): Claimed => ({
        id,
        workspace_id: "w",
        attempts: 1,
        max_attempts: 5,
        claim_token: token,
        lease_expires_at: "",
        work: { title: `job ${id}` },
      }));
    },
    heartbeat: (_queue, { ids }) => hear("heartbeat", ids),
    complete: (_queue, { ids }, outcome) => hear("complete", ids, outcome),
    fail: (_queue, { ids }, error, how) =>
      hear("fail", ids, { error, retryIn: how.retryIn, retry: how.retry }),
    snooze: (_queue, { ids }, until, reason) => hear("snooze", ids, { until, reason }),
  };
  return queue;
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1);

async function drain(
  queue: ReturnType<typeof createQueue>,
  options: Partial<WorkerOptions<string>> & Pick<WorkerOptions<string>, "handler">,
): Promise<[unknown, number[]][]> {
  const errors: [unknown, number[]][] = [];
  await runWorker({
    queue: "chores",
    transport: queue.transport,
    untilEmpty: true,
    poll: { least: 0.001, most: 0.004 },
    onError: (error, ids) => errors.push([error, ids]),
    ...options,
  }).finished;
  return errors;
}

/** A gate that is opened from outside. */
function createGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => open = resolve);
  return { open, opened };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`did not come true: ${what}`);
}

Deno.test("every piece is run once, no more at once than allowed, and said in batches", async () => {
  const queue = createQueue(1234);
  const ran: number[] = [];
  let atOnce = 0;
  let most = 0;
  const errors = await drain(queue, {
    concurrency: 50,
    batch: 200,
    handler: async ({ id }) => {
      most = Math.max(most, ++atOnce);
      await Promise.resolve();
      atOnce--;
      ran.push(id);
    },
  });
  assert.deepEqual(errors, []);
  assert.deepEqual(ran.toSorted((a, b) => a - b), upTo(1234));
  assert.deepEqual(queue.idsOf("complete"), upTo(1234));
  assert.equal(most, 50);
  assert.ok(queue.of("complete").length <= 100, `${queue.of("complete").length} calls`);
});

Deno.test("what a handler answers or throws is said of its work", async () => {
  const queue = createQueue(6);
  const noon = new Date("2030-01-01T12:00:00Z");
  const errors = await drain(queue, {
    handler: ({ id }) => {
      if (id === 1) return { outcome: { result: "well" } };
      if (id === 2) return { snooze: noon, reason: "not before noon" };
      if (id === 3) return { fail: "no such number", retry: false };
      if (id === 4) return { fail: "busy", retryIn: 60 };
      if (id === 5) throw new TypeError("boom");
      return undefined;
    },
  });
  assert.deepEqual(errors, []);
  const said = Object.fromEntries(
    queue.heard.filter(([verb]) => verb !== "claim").map((
      [verb, ids, more],
    ) => [ids[0], [verb, more]]),
  );
  assert.deepEqual(said, {
    1: ["complete", { result: "well" }],
    2: ["snooze", { until: noon, reason: "not before noon" }],
    3: ["fail", { error: "no such number", retryIn: undefined, retry: false }],
    4: ["fail", { error: "busy", retryIn: 60, retry: undefined }],
    5: ["fail", { error: "TypeError: boom", retryIn: undefined, retry: undefined }],
    6: ["complete", {}],
  });
});

Deno.test("leases are held while handlers run; who lost one is told, and what it says is dropped", async () => {
  const queue = createQueue(4);
  const gate = createGate();
  let isLost = false;
  queue.instead.heartbeat = (ids) => {
    if (isLost && ids.includes(2)) {
      throw new WorkError("lease_lost", "not held", "Lost: 2");
    }
  };
  const aborted: [number, unknown][] = [];
  const finished = drain(queue, {
    concurrency: 3,
    batch: 4,
    lease: 0.9,
    handler: async ({ id }, signal) => {
      signal.addEventListener("abort", () => aborted.push([id, signal.reason.code]));
      await gate.opened;
    },
  });
  await until("three heartbeats", () => queue.of("heartbeat").length >= 3);
  assert.deepEqual(queue.heard.find(([verb]) => verb === "heartbeat")?.[1].toSorted(), [
    1,
    2,
    3,
    4,
  ]);
  isLost = true;
  await until("one is told", () => aborted.length > 0);
  const before = queue.of("heartbeat").length;
  await until("the others are held on", () => queue.of("heartbeat").length > before);
  gate.open();
  const errors = await finished;
  assert.deepEqual(aborted, [[2, "lease_lost"]]);
  assert.deepEqual(errors.map(([, ids]) => ids), [[2]]);
  assert.deepEqual(queue.idsOf("complete"), [1, 3, 4]);
});

Deno.test("when no heartbeat is answered until the lease has ended, handlers are told", async () => {
  const queue = createQueue(1);
  queue.instead.heartbeat = () => {
    throw new Error("nobody there");
  };
  const reasons: unknown[] = [];
  await drain(queue, {
    lease: 0.03,
    handler: (_job, signal) =>
      new Promise((resolve) =>
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason.code);
          resolve();
        })
      ),
  });
  assert.deepEqual(reasons, ["lease_lost"]);
  assert.deepEqual(queue.idsOf("complete"), []);
});

Deno.test("stopping finishes what runs and gives back what has not begun", async () => {
  const queue = createQueue(100);
  const gate = createGate();
  const begun: number[] = [];
  const worker = runWorker({
    queue: "chores",
    transport: queue.transport,
    concurrency: 3,
    batch: 10,
    handler: async ({ id }) => {
      begun.push(id);
      await gate.opened;
    },
  });
  await until("three run", () => begun.length === 3);
  const stopped = worker.stop();
  await until("seven are given back", () => queue.idsOf("snooze").length === 7);
  gate.open();
  await stopped;
  assert.deepEqual(queue.idsOf("snooze"), [4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual(queue.idsOf("complete"), [1, 2, 3]);
  assert.equal(queue.of("claim").length, 1, "and nothing more is claimed");
  await worker.stop();
});

Deno.test("a claim that is answered after the stop is given back too", async () => {
  const queue = createQueue(5);
  const gate = createGate();
  const { claim } = queue.transport;
  queue.transport.claim = async (...args) => {
    await gate.opened;
    return await claim(...args);
  };
  const worker = runWorker({
    queue: "chores",
    transport: queue.transport,
    handler: () => assert.fail("begun"),
  });
  const stopped = worker.stop();
  gate.open();
  await stopped;
  assert.deepEqual(queue.idsOf("snooze"), [1, 2, 3, 4, 5]);
});

Deno.test("a call that is never answered does not hold the worker up", async () => {
  const queue = createQueue(3);
  const { claim, complete } = queue.transport;
  let calls = 0;
  queue.transport.claim = (...said) => ++calls === 1 ? new Promise(() => {}) : claim(...said);
  queue.transport.complete = (...said) => ++calls === 3 ? new Promise(() => {}) : complete(...said);
  const errors = await drain(queue, { lease: 0.2, handler: () => {} });
  assert.deepEqual(queue.idsOf("complete"), [1, 2, 3]);
  assert.ok(errors.some(([error]) => `${error}`.includes("claim was not answered within 0.2 s")));
});

Deno.test("what could not be said is said again until it is answered", async () => {
  const queue = createQueue(20);
  let tries = 0;
  queue.instead.complete = () => {
    if (++tries <= 3) throw new Error("the database is away");
  };
  queue.instead.claim = () => {
    if (queue.of("claim").length === 0 && tries === 0) {
      tries = 1;
      throw new Error("the database is away");
    }
  };
  const errors = await drain(queue, { concurrency: 20, handler: () => {} });
  assert.deepEqual(queue.idsOf("complete"), upTo(20));
  assert.equal(errors.length, 3, "each time it was heard of");
});

Deno.test("of work that was lost the rest is said; an outcome that is refused is a failure", async () => {
  const queue = createQueue(4);
  queue.instead.complete = (ids) => {
    if (ids.includes(3)) throw new WorkError("lease_lost", "not held", "Lost: 3");
    if (ids.includes(4)) throw new WorkError("invalid_outcome", "too long");
  };
  const errors = await drain(queue, {
    handler: ({ id }) => id === 4 ? { outcome: { result: "long" } } : undefined,
  });
  assert.deepEqual(queue.idsOf("complete"), [1, 2]);
  assert.deepEqual(queue.of("fail"), [[
    "fail",
    [4],
    { error: "the outcome was refused: too long", retryIn: undefined, retry: undefined },
  ]]);
  assert.deepEqual(errors.map(([, ids]) => ids).toSorted(), [[3], [4]]);
});

Deno.test("a worker with nothing to do asks again, and finds what comes later", async () => {
  const queue = createQueue(0);
  const ran: number[] = [];
  const worker = runWorker({
    queue: "chores",
    transport: queue.transport,
    poll: { least: 0.001, most: 0.002 },
    handler: ({ id }) => void ran.push(id),
  });
  await until("it asked five times", () => queue.of("claim").length >= 5);
  queue.left.push(7);
  await until("it is done", () => queue.idsOf("complete").includes(7));
  await worker.stop();
  assert.deepEqual(ran, [7]);
});

Deno.test("a worker that is told to ask later does, however often it would ask", async () => {
  const queue = createQueue(1);
  const claims: number[] = [];
  queue.instead.claim = () => {
    claims.push(performance.now());
    if (claims.length === 1) throw new RefusedError(429, { code: "rate_limited" }, "1");
  };
  const errors = await drain(queue, { handler: () => {} });
  assert.equal(errors.length, 1);
  assert.deepEqual(queue.idsOf("complete"), [1]);
  assert.ok(claims[1]! - claims[0]! >= 1000);
});

Deno.test("it runs in Node as it is bundled", async () => {
  const bundle = await Deno.makeTempFile({ suffix: ".mjs" });
  const run = async (command: string, args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(command, { args }).output();
    const said = new TextDecoder().decode(stdout);
    assert.equal(code, 0, said + new TextDecoder().decode(stderr));
    return said;
  };
  try {
    const source = fileURLToPath(new URL("worker.ts", import.meta.url));
    await run(Deno.execPath(), ["bundle", "--quiet", "--output", bundle, source]);
    const program = `
      import { httpTransport, postgresTransport, rpcTransport, runWorker } from ${
      JSON.stringify(bundle)
    };
      let left = [1, 2, 3];
      const said = [];
      const transport = {
        claim: async () => left.splice(0, 2).map((id) => ({ id, claim_token: "t", work: {} })),
        complete: async (_queue, { ids }) => { said.push(...ids); },
      };
      await runWorker({ queue: "q", transport, handler: () => {}, untilEmpty: true }).finished;
      console.log(said.join(), typeof httpTransport, typeof postgresTransport, typeof rpcTransport);`;
    const printed = await run("node", ["--input-type=module", "--eval", program]);
    assert.equal(printed.trim(), "1,2,3 function function function");
  } finally {
    await Deno.remove(bundle);
  }
});
