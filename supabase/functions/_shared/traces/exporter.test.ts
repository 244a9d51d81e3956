import { assert, assertDeepEquals, assertEquals, eventually } from "../asserts.ts";
import { beginStatement } from "../statements.ts";
import { createExporter } from "./exporter.ts";
import { beginSpan, type EndedSpan, kinds, type Sink } from "./span.ts";
import { createTracer, passingTracer } from "./tracer.ts";

const bounds = { mostWaiting: 10, batch: 4, pause: 5, patience: 10_000 };
const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const asked = `00-${trace}-00f067aa0ba902b7-01`;

/** An attribute, and a span, as OTLP has them. */
interface Attribute {
  key: string;
  value: Record<string, unknown>;
}
interface SentSpan {
  name: string;
  traceState?: string;
  startTimeUnixNano: string;
  attributes: Attribute[];
  status: { code?: number };
}
/** What a collector is sent. */
interface Received {
  headers: Headers;
  resourceSpans: [{
    resource: { attributes: Attribute[] };
    scopeSpans: [{ spans: [SentSpan, ...SentSpan[]] }];
  }];
}

/** A collector that answers as it is told, and the counts of an exporter before it. */
async function withCollector(
  answer: () => Response | Promise<Response>,
  body: (made: {
    exporter: ReturnType<typeof createExporter>;
    counts: Record<string, number>;
    received: Received[];
  }) => Promise<void>,
  patience = bounds.patience,
) {
  const received: Received[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    received.push({ headers: request.headers, ...await request.json() });
    return await answer();
  });
  const counts: Record<string, number> = {};
  const exporter = createExporter(
    {
      url: `http://127.0.0.1:${server.addr.port}/v1/traces`,
      headers: { "x-key": "k" },
      resource: { "service.name": "tests" },
    },
    {
      add(series, by = 1) {
        const outcome = /"(\w+)"/.exec(series)?.[1] ?? series;
        counts[outcome] = (counts[outcome] ?? 0) + by;
      },
    },
    { ...bounds, patience },
  );
  try {
    await body({ exporter, counts, received });
  } finally {
    exporter.stop();
    await exporter.flush();
    await server.shutdown();
  }
}

function addSpans(add: Sink, count: number) {
  for (let n = 0; n < count; n++) {
    const span = beginSpan(add, null, `span ${n}`, kinds.server);
    span.set({ text: "a", whole: 3, half: 0.5, is: true, none: null, nothing: undefined });
    span.end({ isError: n === 1 });
    span.end();
  }
}

Deno.test("spans are sent in batches, once, as OTLP has them", async () => {
  await withCollector(() => Response.json({}), async ({ exporter, counts, received }) => {
    addSpans(exporter.add, 6);
    await exporter.flush();
    assertDeepEquals(counts, { sent: 6 });
    const [sent] = received;
    assert(sent);
    const { resource, scopeSpans } = sent.resourceSpans[0];
    assertDeepEquals(resource.attributes, [
      { key: "service.name", value: { stringValue: "tests" } },
    ]);
    assertEquals(sent.headers.get("x-key"), "k");
    const [first, second] = scopeSpans[0].spans;
    assertDeepEquals(first.attributes, [
      { key: "text", value: { stringValue: "a" } },
      { key: "whole", value: { intValue: "3" } },
      { key: "half", value: { doubleValue: 0.5 } },
      { key: "is", value: { boolValue: true } },
    ]);
    assert(/^\d{19}$/.test(first.startTimeUnixNano) && !("parentSpanId" in first));
    assertDeepEquals([first.status, second?.status], [{}, { code: 2 }]);
    assertDeepEquals(
      received.map((one) => one.resourceSpans[0].scopeSpans[0].spans.length),
      [4, 2],
    );
  });
});

Deno.test("what is sent is JSON, whatever a span says, and however often", async () => {
  const words = 'a "word" \\ of\nmany\u0001 {"lines"} 🙂 \ud800';
  await withCollector(() => Response.json({}), async ({ exporter, received }) => {
    const attributes = Object.freeze({ [words]: words, half: -0.5, most: 2 ** 60, none: NaN });
    for (let n = 0; n < 2; n++) {
      exporter.add(() => ({
        context: { traceId: trace, spanId: "00f067aa0ba902b7", isSampled: true, state: 'a="b"' },
        parentId: null,
        name: words,
        kind: kinds.client,
        begun: 1,
        ended: 2,
        attributes,
        isError: false,
      }));
    }
    await exporter.flush();
    const [first, second] = received[0]!.resourceSpans[0].scopeSpans[0].spans;
    assertDeepEquals([first.name, first.traceState], [words, 'a="b"']);
    assertDeepEquals(first.attributes, [
      { key: words, value: { stringValue: words } },
      { key: "half", value: { doubleValue: -0.5 } },
      { key: "most", value: { doubleValue: 2 ** 60 } },
      { key: "none", value: { doubleValue: null } },
    ]);
    assertDeepEquals(second, first);
  });
});

Deno.test("a collector that does not answer holds no more than so many, and the rest is counted", async () => {
  const never = Promise.withResolvers<Response>();
  // Also where what follows is false: the server would wait for its answers without end.
  const end = setTimeout(() => never.resolve(new Response()), 5000);
  await withCollector(() => never.promise, async ({ exporter, counts, received }) => {
    addSpans(exporter.add, 4);
    await eventually("the first batch is on its way", () => received.length === 1);
    addSpans(exporter.add, 25);
    assertEquals(counts.dropped, 15);
    await exporter.flush();
    assertDeepEquals(counts, { dropped: 15, unanswered: 14 });
    clearTimeout(end);
    never.resolve(new Response());
  }, 100);
});

Deno.test("what a collector refuses is counted and not sent again", async () => {
  const refuse = () => new Response("no", { status: 429 });
  await withCollector(refuse, async ({ exporter, counts, received }) => {
    addSpans(exporter.add, 3);
    await exporter.flush();
    assertDeepEquals([counts, received.length], [{ refused: 3 }, 1]);
  });
});

Deno.test("a trace is recorded as whoever began it wants it, and always passed on", () => {
  const ended: EndedSpan[] = [];
  const exporter = {
    add: (tell: () => EndedSpan) => void ended.push(tell()),
    flush: async () => {},
    stop() {},
  };
  const tracer = createTracer(exporter, 0.5, kinds.server, () => 0.6);
  const unsampled = asked.replace(/01$/, "00");

  const recorded = tracer.enter(asked, "door");
  tracer.within(recorded!, "part", kinds.client).end();
  recorded?.end();
  assertDeepEquals(ended.map(({ name, parentId }) => [name, parentId]), [
    ["part", recorded?.context.spanId ?? null],
    ["door", "00f067aa0ba902b7"],
  ]);
  assert(ended.every(({ context }) => context.traceId === trace));
  assert(recorded?.traceparent !== asked && recorded?.traceparent.startsWith(`00-${trace}-`));

  const passed = tracer.enter(unsampled, "door");
  tracer.within(passed!, "part", kinds.client).end();
  passed?.end();
  assertEquals(passed?.traceparent, unsampled);
  tracer.enter(null, "door")?.end(); // 0.6 is not among the half
  assertEquals(ended.length, 2);
  createTracer(exporter, 0.7, kinds.server, () => 0.6).enter("hostile", "door")?.end();
  assertDeepEquals([ended.length, ended[2]?.parentId], [3, null]);
});

Deno.test("a statement is a part of the request that sends it, also after its answer began", () => {
  const ended: EndedSpan[] = [];
  const exporter = {
    add: (tell: () => EndedSpan) => void ended.push(tell()),
    flush: async () => {},
    stop() {},
  };
  const tracer = createTracer(exporter, 1, kinds.server);
  const query = { cancel() {}, strings: ["select private.claim_work(", ")"] };
  const door = tracer.enter(asked, "door")!;
  tracer.run(door, () => {
    beginStatement()?.(query);
    beginStatement()?.(query, Object.assign(new Error("a secret"), { code: "GW402" }));
    beginStatement()?.(undefined, new Error("a secret"));
    door.end();
    beginStatement()?.(query);
  });
  const named = { "db.system.name": "postgresql", "db.operation.name": "SELECT" };
  const claims = { ...named, "db.query.summary": "SELECT private.claim_work" };
  assertDeepEquals(
    [...ended.slice(0, 3), ended[4]!].map(({ name, parentId, isError, attributes }) =>
      [name, parentId, isError, attributes] as unknown
    ),
    [
      ["SELECT private.claim_work", door.context.spanId, false, claims],
      ["SELECT private.claim_work", door.context.spanId, true, {
        ...claims,
        "db.response.status_code": "GW402",
        "error.type": "GW402",
      }],
      ["QUERY", door.context.spanId, true, {
        ...named,
        "db.operation.name": "QUERY",
        "db.query.summary": "QUERY",
        "error.type": "_OTHER",
      }],
      ["SELECT private.claim_work", door.context.spanId, false, claims],
    ],
  );
  assertEquals(ended.length, 5);

  const unsampled = tracer.enter(asked.replace(/01$/, "00"), "door")!;
  assertEquals(tracer.run(unsampled, beginStatement), undefined);
  assertEquals(passingTracer.run(door, beginStatement), undefined);
});

Deno.test("what vendors say of a trace goes with it, recorded or not, to the collector too", async () => {
  const state = "congo=t61rcWkgMzE,rojo=1";
  await withCollector(() => Response.json({}), async ({ exporter, received }) => {
    const tracer = createTracer(exporter, 1, kinds.server);
    const span = tracer.enter(asked, "door", state);
    const part = tracer.within(span!, "part", kinds.client);
    assertDeepEquals(part.headers, { traceparent: part.traceparent, tracestate: state });
    part.end();
    await exporter.flush();
    assertEquals(received[0]?.resourceSpans[0].scopeSpans[0].spans[0].traceState, state);
  });
  assertDeepEquals(passingTracer.enter(asked, "door", state)?.headers, {
    traceparent: asked,
    tracestate: state,
  });
  assertDeepEquals(passingTracer.enter(asked, "door", "not one")?.headers, { traceparent: asked });
  assertEquals(passingTracer.enter("hostile", "door", state), undefined);
});

Deno.test("without a collector a trace is passed on, and nothing begins one", () => {
  assertEquals(passingTracer.enter(asked, "door")?.traceparent, asked);
  assertEquals(passingTracer.enter(null, "door"), undefined);
  assertEquals(passingTracer.enter("hostile", "door"), undefined);
});
