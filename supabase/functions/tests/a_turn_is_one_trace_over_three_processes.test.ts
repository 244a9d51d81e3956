import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { createExporter } from "../_shared/traces/exporter.ts";
import { beginSpan, kinds, type Span } from "../_shared/traces/span.ts";
import { connect, createWorld, environment } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { workspace, owner, agent } = world;
const lax = { sanitizeResources: false, sanitizeOps: false };

interface Received {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  service: string;
  attributes: Record<string, unknown>;
}

/** A collector that keeps what it is sent: the spans, and every word of it. */
function startCollector() {
  const spans: Received[] = [];
  let words = "";
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const text = await request.text();
    words += text;
    for (const { resource, scopeSpans } of JSON.parse(text).resourceSpans) {
      for (const span of scopeSpans[0].spans) {
        const attributes = Object.fromEntries(
          span.attributes.map((one: { key: string; value: Record<string, unknown> }) => [
            one.key,
            Object.values(one.value)[0],
          ]),
        );
        const service = resource.attributes[0].value.stringValue;
        spans.push({ ...span, service, attributes });
      }
    }
    return Response.json({});
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    spans,
    words: () => words,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A process of ours, and the port that it listens on. */
async function startProcess(script: string, args: string[], env: Record<string, string> = {}) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", new URL(script, import.meta.url).pathname, ...args],
    env,
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!/listens \d+\n/.test(said)) {
    const { value, done } = await reader.read();
    assert(!done, `${script} ended: ${said}`);
    said += value;
  }
  const drained = (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) said += part.value;
  })();
  return {
    url: `http://127.0.0.1:${/listens (\d+)/.exec(said)?.[1]}`,
    said: () => said,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended by itself */ }
      await child.status;
      await drained;
    },
  };
}

function findPort(): number {
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr as Deno.NetAddr;
  probe.close();
  return port;
}

const conversation = crypto.randomUUID();
const agentPort = findPort();
const collector = startCollector();
const functions = await startProcess("traced-functions.ts", [], {
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  OTEL_SERVICE_NAME: "the functions",
  GROUNDWORK_LOG_REQUESTS: "all",
  GROUNDWORK_CLUSTER_GATEWAY: `http://127.0.0.1:${agentPort}`,
});
await sql`
  insert into public.conversations (id, workspace_id, user_id)
  values (${conversation}, ${workspace}, ${owner.id})`;
const talking = await startProcess("traced-agent.ts", [
  ...[functions.url, `${collector.url}/v1/traces`, conversation],
  ...[environment.secretKeys.default ?? "", String(agentPort)],
]);
const own = createExporter(
  { url: `${collector.url}/v1/traces`, headers: {}, resource: { "service.name": "the caller" } },
  { add() {} },
);
const begin = (name: string) => beginSpan(own.add, null, name, kinds.client);
Deno.test.afterAll(async () => {
  own.stop();
  await talking[Symbol.asyncDispose]();
  await functions[Symbol.asyncDispose]();
  await collector[Symbol.asyncDispose]();
  await sql.end();
});

/** Has the assistant answer, as useChat asks it; resolves when the answer was heard to its end. */
async function chat(traceparent: string): Promise<string> {
  const response = await fetch(`${functions.url}/streams/chat`, {
    method: "POST",
    signal: AbortSignal.timeout(20_000),
    headers: {
      authorization: `Bearer ${owner.token}`,
      "content-type": "application/json",
      traceparent,
    },
    body: JSON.stringify({
      id: conversation,
      message: {
        id: crypto.randomUUID(),
        role: "user",
        parts: [{ type: "text", text: "a secret question" }],
      },
    }),
  });
  assertEquals(response.status, 200);
  return await response.text();
}

/** A statement of the database; how many there are is the functions' own affair. */
const isStatement = ({ attributes }: Received) => "db.system.name" in attributes;

/** The tree of a trace as lines, each below what it is a part of, without the statements of the database. */
function drawTree(spans: Received[], of: Span): string[] {
  const own = spans.filter((span) => span.traceId === of.context.traceId && !isStatement(span));
  const draw = (span: Received, depth: number): string[] => [
    `${"  ".repeat(depth)}${span.service}: ${span.name}`,
    ...own.filter(({ parentSpanId }) => parentSpanId === span.spanId)
      .map((part) => draw(part, depth + 1)).sort().flat(),
  ];
  return own.filter(({ parentSpanId }) => parentSpanId === undefined)
    .flatMap((root) => draw(root, 0));
}

Deno.test({
  name: "a turn of a chat is one tree: who asks, the functions, the agent, the functions again",
  ...lax,
  async fn() {
    const turn = begin("a turn");
    const heard = await chat(turn.traceparent);
    assert(heard.includes("a secret answer"));
    turn.end();
    await own.flush();
    const expected = [
      "the caller: a turn",
      "  the functions: POST /streams/chat",
      "    the agent: answer",
      "      the functions: GET /context/:conversation",
      "      the functions: POST /streams/:id/chunks",
      "      the functions: POST /streams/:id/finish",
      "      the functions: POST /work/:queue/complete",
    ];
    await eventually("all is collected", () => drawTree(collector.spans, turn).length === 7);
    assertDeepEquals(drawTree(collector.spans, turn), expected);

    // What the conventions for generative AI name, and no word of what was said.
    const of = (name: string) =>
      collector.spans.find((span) => span.name === name)?.attributes ?? {};
    const asked = of("POST /streams/chat");
    assertEquals(asked["gen_ai.operation.name"], "invoke_agent");
    assertEquals(asked["gen_ai.conversation.id"], conversation);
    const finished = of("POST /streams/:id/finish");
    const { record_id } = (await sql`
      select id::text as record_id from public.context_records
      where conversation_id = ${conversation} order by id desc limit 1`)[0] ?? {};
    assertEquals(String(finished["groundwork.prompt.record_id"]), record_id);
    assertEquals(of("GET /context/:conversation")["groundwork.prompt.record_id"], record_id);
    assertEquals(finished["gen_ai.response.model"], "small-1");
    assertEquals(finished["gen_ai.usage.output_tokens"], "5");
    assert(!collector.words().includes("secret"), "no word is exported");

    // Each statement is a part of the request that sent it.
    const inTrace = collector.spans.filter(({ traceId }) => traceId === turn.context.traceId);
    const statements = inTrace.filter(isStatement).map(({ name, parentSpanId, attributes }) => {
      assertDeepEquals(Object.keys(attributes), [
        "db.system.name",
        "db.operation.name",
        "db.query.summary",
      ]);
      assertEquals(attributes["db.query.summary"], name);
      const request = inTrace.find(({ spanId }) => spanId === parentSpanId);
      assert(request?.service === "the functions" && "http.route" in request.attributes, name);
      return `${request.name}: ${name}`;
    });
    for (
      const expected of [
        "POST /streams/chat: SELECT private.begin_turn",
        "POST /streams/:id/chunks: SELECT private.scratch_append",
        "POST /streams/:id/finish: SELECT private.finish_stream",
        "POST /work/:queue/complete: SELECT private.complete_work",
      ]
    ) assert(statements.includes(expected), `${expected} in\n${statements.join("\n")}`);
    assert(
      statements.some((one) =>
        one.startsWith("GET /context/:conversation: SELECT") &&
        one.includes("private.assemble_context")
      ),
      "the prompt's statement names what it calls",
    );

    // The log's lines name the trace too.
    const lines = functions.said().split("\n").filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
    const line = lines.find(({ route }) => route === "/chat");
    assertDeepEquals(
      [line?.trace_id, line?.request_id, line?.status, line?.function, line?.level],
      [turn.context.traceId, asked["groundwork.request.id"], 200, "streams", "info"],
    );
  },
});

Deno.test({
  name: "a turn through the relay is one tree, and tells what it used",
  ...lax,
  async fn() {
    const turn = beginSpan(() => {}, null, "a turn", kinds.client);
    const headers = {
      authorization: `Bearer ${owner.token}`,
      "content-type": "application/json",
      traceparent: turn.traceparent,
    };
    const opened = await fetch(`${functions.url}/sessions`, {
      method: "POST",
      headers,
      body: JSON.stringify({ agent_id: agent }),
    });
    const { session_id } = await opened.json();
    // As a browser opens it, which sends no headers.
    const socket = new WebSocket(
      `${functions.url.replace("http", "ws")}/sessions/${session_id}/connect` +
        `?access_token=${owner.token}&traceparent=${turn.traceparent}`,
    );
    await new Promise((done, reject) => {
      socket.onopen = () => socket.send(crypto.randomUUID());
      socket.onmessage = done;
      socket.onclose = ({ code, reason }) => reject(new Error(`closed: ${code} ${reason}`));
    });
    socket.close();
    const below = [turn.context.spanId];
    const names = () => {
      const found: string[] = [];
      for (const parents = [...below]; parents.length > 0;) {
        const parent = parents.shift();
        for (const span of collector.spans.filter((one) => one.parentSpanId === parent)) {
          if (isStatement(span)) continue;
          assertEquals(span.traceId, turn.context.traceId);
          found.push(span.name);
          parents.push(span.spanId);
        }
      }
      return found;
    };
    await eventually("all is collected", () => names().length === 5);
    assertDeepEquals(names().toSorted(), [
      "GET /sessions/:id/connect",
      "POST /sessions",
      "POST /sessions/:id/turns",
      "relay",
      "turn",
    ]);
    const used = collector.spans.find(({ name }) => name === "POST /sessions/:id/turns")
      ?.attributes;
    assertDeepEquals(
      [used?.["gen_ai.usage.input_tokens"], used?.["gen_ai.usage.output_tokens"]],
      ["12", "3"],
    );
    assertEquals(used?.["gen_ai.agent.id"], agent);
    const relay = collector.spans.find(({ name }) => name === "relay");
    assert(
      collector.spans.some(({ name, parentSpanId }) =>
        name === "SELECT private.begin_session_turn" && parentSpanId === relay?.spanId
      ),
      "what the relay asks of the database is a part of it",
    );
  },
});

Deno.test({
  name: "an unsampled trace is passed on and not recorded, a hostile header is ignored",
  ...lax,
  async fn() {
    const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    await chat(trace);
    const asked = async () => {
      const rows = await sql<{ traceparent: string | null }[]>`
        select traceparent from public.background_queries
        where conversation_id = ${conversation} order by id`;
      return rows.map(({ traceparent }) => traceparent ?? "");
    };
    const before = await asked();
    assertEquals(before.at(-1), trace);
    const hostile = ["no", "0".repeat(5000), `${trace}-more`, trace.replace("4bf9", "4BF9")];
    for (const header of hostile) await chat(header);
    const after = (await asked()).slice(before.length);
    assertEquals(new Set(after).size, hostile.length);
    for (const traceparent of after) {
      assert(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/.test(traceparent), traceparent);
      const traceId = traceparent.slice(3, 35);
      await eventually(
        "its trace is one of its own",
        () =>
          collector.spans.some((span) =>
            span.traceId === traceId && span.name === "POST /streams/chat" && !span.parentSpanId
          ),
      );
    }
    assertDeepEquals(collector.spans.filter(({ traceId }) => trace.includes(traceId)), []);
  },
});

Deno.test({
  name: "what the database calls goes on with the trace of who caused it",
  ...lax,
  async fn() {
    const turn = begin("a grant");
    const person = await world.addPerson("member");
    const granted = await fetch(`${functions.url}/agents/${agent}/access/${person.id}`, {
      method: "PUT",
      headers: {
        authorization: `Bearer ${owner.token}`,
        "content-type": "application/json",
        traceparent: turn.traceparent,
      },
      body: "{}",
    });
    assertEquals(granted.status, 200, await granted.text());
    const find = () => collector.spans.find(({ name }) => name === "PUT /agents/:id/access/:user");
    await eventually("it is collected", () => find() !== undefined);
    const door = find();
    assertEquals(door?.parentSpanId, turn.context.spanId);
    const [call] = await sql`
      select traceparent from private.function_calls
      where traceparent = ${`00-${door?.traceId}-${door?.spanId}-01`}`;
    assert(call, "the call of the database has the trace of the grant");
  },
});
