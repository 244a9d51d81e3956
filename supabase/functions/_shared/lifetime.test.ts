import { assert, assertEquals, eventually } from "./asserts.ts";
import { born, createLifetime, findBirth, findLastCall } from "./lifetime.ts";

const tell = (events: EventTarget, reason: string) =>
  events.dispatchEvent(new CustomEvent("beforeunload", { detail: { reason } }));

Deno.test("the last call leaves 15 s, and of a short life a quarter", () => {
  assertEquals(findLastCall(150, 1000), 136_000);
  assertEquals(findLastCall(400, 0), 385_000);
  assertEquals(findLastCall(8, 0), 6000);
});

Deno.test("what an isolate loads before it answers is a part of its life, and nothing older is", async () => {
  assertEquals(findBirth(1000, 3000), 1000);
  assertEquals(findBirth(1000, 40_000), 40_000, "the process is older than the isolate");
  assertEquals(findBirth(5000, 3000), 3000);
  const before = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const worker = new Worker(
    URL.createObjectURL(
      new Blob(["postMessage(performance.timeOrigin)"], { type: "text/javascript" }),
    ),
    { type: "module" },
  );
  const origin = await new Promise<number>((resolve) =>
    worker.onmessage = ({ data }) => resolve(data)
  );
  worker.terminate();
  assert(origin > before && born < origin, "each worker has a clock of its own");
});

Deno.test("whoever waits is called once, by the clock", async () => {
  const lifetime = createLifetime(0.1, Date.now(), new EventTarget());
  let calls = 0;
  lifetime.onLastCall(() => calls++);
  lifetime.onLastCall(() => calls += 100)(); // taken back
  await eventually("the call", () => calls > 0);
  assertEquals(calls, 1);
});

Deno.test("who comes after the last call is called at once", async () => {
  const lifetime = createLifetime(100, Date.now() - 200_000, new EventTarget());
  const called = new Promise<void>((resolve) => lifetime.onLastCall(resolve));
  await called;
});

Deno.test("the platform's warning is a last call; that nothing is held is none", async () => {
  const events = new EventTarget();
  const lifetime = createLifetime(1000, Date.now(), events);
  let calls = 0;
  lifetime.onLastCall(() => calls++);
  tell(events, "early_drop");
  assertEquals(calls, 0);
  tell(events, "wall_clock");
  tell(events, "wall_clock");
  assertEquals(calls, 1);
  await new Promise<void>((resolve) => lifetime.onLastCall(resolve));
  assert(lifetime.lastCall > Date.now());
});
