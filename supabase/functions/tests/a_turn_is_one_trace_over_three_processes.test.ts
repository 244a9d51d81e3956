import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { beginSpan, kinds } from "../_shared/traces/span.ts";
import {
  begin,
  chat,
  collector,
  conversation,
  drawTree,
  functions,
  isStatement,
  lax,
  own,
  sql,
  world,
} from "./traces-world.ts";

const { owner, agent } = world;

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
      `${functions.sockets}/sessions/${session_id}/connect` +
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
    // Also when both have left, and all that is seen of it is that the session is nowhere any more.
    const ended = BigInt(relay!.endTimeUnixNano);
    await eventually(
      "what the relay's end asks is a part of it too",
      () =>
        collector.spans.some((span) =>
          isStatement(span) && span.parentSpanId === relay?.spanId &&
          BigInt(span.startTimeUnixNano) >= ended
        ),
    );
  },
});
