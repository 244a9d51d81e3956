/** The dispatcher beside a provider that does all that providers do. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { app } from "../dispatch-calls/index.ts";
import { createCallingWorld } from "./calls.ts";
import { reportOf, sendReport, startVoiceProvider } from "./voice-provider.ts";
import { ask, connect, startIsolate } from "./world.ts";

const sql = connect();
const world = await createCallingWorld(sql);
const other = await createCallingWorld(sql);
Deno.test.afterAll(() => sql.end());

type Body = (given: ReturnType<typeof open>) => Promise<void>;

function open() {
  const provider = startVoiceProvider();
  const isolate = startIsolate(provider.environment);
  const dispatch = () => isolate.ask(app, "POST", "/dispatch-calls", { as: "service" });
  return { provider, isolate, dispatch };
}

/** A test with a provider and an isolate of its own; connections are kept alive beyond it. */
function drill(name: string, body: Body): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const given = open();
      try {
        await body(given);
      } finally {
        await sql`select private.cancel_work('dial_queue', array(select id from public.dial_queue
          where workspace_id in (${world.workspace}, ${other.workspace})))`;
        await given.isolate[Symbol.asyncDispose]();
        await given.provider[Symbol.asyncDispose]();
      }
    },
  });
}

const failing = (status: number, headers: Record<string, string> = {}) => () =>
  Response.json({ message: "no" }, { status, headers });

drill(
  "a due dial is one call, under its key, and held until its outcome",
  async ({ provider, dispatch }) => {
    const dial = await world.addDial();
    const elsewhere = await other.addDial();
    const told = await dispatch();
    assertEquals(told.status, 200);
    assertEquals(told.body.is_complete, true);
    await dispatch();
    for (const id of [dial, elsewhere]) {
      const [call, ...more] = provider.callsOf(id);
      assertEquals(more.length, 0);
      const { status, provider_call_id, held_for, call_key } = await world.dial(id);
      assertDeepEquals([status, provider_call_id, call_key], [
        "in_progress",
        call?.id,
        call?.metadata.call_key,
      ]);
      assert(held_for! > 1700 && held_for! <= 1800);
      assertEquals(call?.metadata.queue, "dial_queue");
      assertEquals(call?.assistantOverrides.variableValues.owner_name, "Kim");
      const posts = provider.seen.filter(({ key }) => key === call_key);
      assertDeepEquals(posts.map(({ method, authorization }) => [method, authorization]), [
        ["POST", "Bearer the key"],
      ]);
    }
  },
);

drill("two dispatchers at once make each call once", async ({ provider, dispatch }) => {
  const dials = await Promise.all(Array.from({ length: 12 }, () => world.addDial()));
  await Promise.all([dispatch(), dispatch(), dispatch()]);
  assertDeepEquals(dials.map((id) => provider.callsOf(id).length), dials.map(() => 1));
});

drill(
  "what the provider refuses for good is failed, not tried again",
  async ({ provider, dispatch }) => {
    const dial = await world.addDial();
    provider.mood = failing(400);
    await dispatch();
    const { status, attempts, is_started, last_error } = await world.dial(dial);
    assertDeepEquals([status, attempts, is_started, last_error], [
      "failed",
      1,
      false,
      "the provider answered 400: no",
    ]);
  },
);

drill(
  "what it refuses for now waits as long as it says, and is a new call then",
  async ({ provider, dispatch }) => {
    const dial = await world.addDial();
    provider.mood = failing(429, { "retry-after": "120" });
    await dispatch();
    const [row] = await sql`
    select round(extract(epoch from scheduled_for - now()))::integer as wait from public.dial_queue where id = ${dial}`;
    assert(row?.wait > 100 && row?.wait <= 120);
    const { status, is_started } = await world.dial(dial);
    assertDeepEquals([status, is_started], ["pending", false]);
    provider.mood = () => null;
    await world.letTimePass(dial);
    await dispatch();
    assertEquals(provider.callsOf(dial).length, 1);
    const keys = new Set(provider.seen.map(({ key }) => key));
    assertEquals(keys.size, 2);
  },
);

drill(
  "after an error of the provider it is asked before it is told again, under the same key",
  async ({ provider, dispatch }) => {
    const dial = await world.addDial();
    provider.mood = failing(500);
    await dispatch();
    assertEquals((await world.dial(dial)).is_started, true);
    provider.mood = () => null;
    await world.letTimePass(dial);
    await dispatch();
    assertEquals(provider.callsOf(dial).length, 1);
    assertDeepEquals(provider.seen.map(({ method }) => method), ["POST", "GET", "POST"]);
    assertEquals(provider.seen[0]?.key, provider.seen[2]?.key);
  },
);

for (const late of [false, true]) {
  drill(
    `a call that was accepted before the line ${
      late ? "was silent too long" : "dropped"
    } is not made again`,
    async ({ provider, dispatch }) => {
      const dial = await world.addDial();
      provider.mood = async (_request, _body, accept): Promise<"drop"> => {
        accept();
        if (late) await new Promise((resolve) => setTimeout(resolve, 4500));
        return "drop";
      };
      await dispatch();
      const before = await world.dial(dial);
      assertDeepEquals([before.status, before.is_started, before.provider_call_id], [
        "pending",
        true,
        null,
      ]);
      provider.mood = () => null;
      await world.letTimePass(dial);
      await dispatch();
      const [call, ...more] = provider.callsOf(dial);
      assertEquals(more.length, 0);
      const found = await world.dial(dial);
      assertDeepEquals([found.status, found.provider_call_id], ["in_progress", call?.id]);

      // It ends, and its report is lost: the provider is asked by its id.
      Object.assign(call!, {
        status: "ended",
        endedReason: "customer-did-not-answer",
        endedAt: new Date().toISOString(),
      });
      await world.letTimePass(dial);
      await dispatch();
      assertEquals(provider.seen.at(-1)?.path, `/call/${call?.id}`);
      assertDeepEquals(await world.outcomes(dial), [{
        outcome: "no_answer",
        provider_call_id: call!.id,
      }]);
      assertEquals((await world.dial(dial)).last_error, "no_answer: customer-did-not-answer");
    },
  );
}

drill(
  "a provider that does not say what became of a call is asked again, and not told",
  async ({ provider, dispatch }) => {
    const dial = await world.addDial();
    provider.mood = (_request, _body, accept) => {
      accept();
      return "drop";
    };
    await dispatch();
    provider.mood = failing(503);
    for (let round = 0; round < 7; round++) {
      await world.letTimePass(dial);
      await dispatch();
    }
    assertDeepEquals(
      provider.seen.map(({ method }) => method),
      ["POST", "GET", "GET", "GET", "GET", "GET", "GET", "GET"],
    );
    const { status, attempts, is_started } = await world.dial(dial);
    assertDeepEquals([status, attempts, is_started], ["pending", 1, true]);
  },
);

drill(
  "a key that the provider refuses costs no dial an attempt, and is told loudly",
  async ({ provider, dispatch }) => {
    const fresh = await world.addDial();
    provider.mood = failing(401);
    const told = await dispatch();
    assertDeepEquals([told.status, told.body.error.code], [502, "provider_refuses_key"]);
    const after = await world.dial(fresh);
    assertDeepEquals([after.status, after.attempts, after.is_started], ["pending", 0, false]);
    provider.mood = failing(500);
    await world.letTimePass(fresh);
    await dispatch();
    provider.mood = failing(403);
    await world.letTimePass(fresh);
    await dispatch();
    const asked = await world.dial(fresh);
    assertDeepEquals([asked.status, asked.attempts, asked.is_started], ["pending", 1, true]);
  },
);

drill(
  "an outcome that comes before the provider's answer counts once",
  async ({ provider, isolate, dispatch }) => {
    const lead = await world.addLead();
    const dial = await world.addDial(lead);
    provider.mood = async (_request, _body, accept) => {
      const call = accept();
      for (let n = 0; n < 2; n++) {
        assertEquals((await sendReport(isolate, reportOf(call))).status, n === 0 ? 201 : 200);
      }
      return null;
    };
    provider.mood = ((mood) => async (request, body, accept) => {
      let made: ReturnType<typeof accept> | undefined;
      await mood(request, body, () => made = accept());
      return Response.json(made, { status: 201 });
    })(provider.mood);
    await dispatch();
    const { status, provider_call_id } = await world.dial(dial);
    assertDeepEquals([status, provider_call_id], ["done", provider.callsOf(dial)[0]?.id]);
    assertDeepEquals(await world.lead(lead), {
      status: "interested",
      contact_count: 1,
      do_not_call: false,
    });
  },
);

drill("nobody is dialled who is flagged after the claim", async ({ provider, dispatch }) => {
  const lead = await world.addLead();
  const dial = await world.addDial(lead);
  provider.mood = failing(500);
  await dispatch();
  // Claimed again, the provider is asked about the first try; in the meantime the flag is set.
  provider.mood = async () => {
    await sql`update public.leads set do_not_call = true where id = ${lead}`;
    return null;
  };
  await world.letTimePass(dial);
  await dispatch();
  assertDeepEquals(provider.seen.map(({ method }) => method), ["POST", "GET"]);
  assertEquals(provider.callsOf(dial).length, 0);
  assertEquals((await world.dial(dial)).status, "cancelled");
});

Deno.test("only the service dispatches, and without a provider it says so", async () => {
  assertEquals((await ask("POST", "/dispatch-calls", { as: world.owner })).status, 401);
  assertEquals((await ask("POST", "/dispatch-calls", { as: "nobody" })).status, 401);
  assertEquals(
    (await ask("GET", "/dispatch-calls", { as: "service" })).body.error.code,
    "method_not_allowed",
  );
  const told = await ask("POST", "/dispatch-calls", { as: "service" });
  assertDeepEquals([told.status, told.body.error.code], [503, "not_configured"]);
});
