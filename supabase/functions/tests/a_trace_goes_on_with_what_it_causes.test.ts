import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import {
  ask,
  begin,
  chat,
  collector,
  conversation,
  functions,
  isStatement,
  lax,
  type Received,
  sql,
  world,
} from "./traces-world.ts";
import { environment } from "./world.ts";

const { owner, agent } = world;

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

/** A collected statement that is a part of the request with this name. */
function statementsOf(traceId: string, name: string): Received[] {
  const inTrace = collector.spans.filter((span) => span.traceId === traceId);
  const door = inTrace.find((span) => span.name === name);
  return inTrace.filter((span) => isStatement(span) && span.parentSpanId === door?.spanId);
}

Deno.test({
  name: "what a request asks of the database after its answer began is a part of it",
  ...lax,
  async fn() {
    const turn = begin("a turn that is left");
    const { traceId } = turn.context;
    const other = crypto.randomUUID(); // the agent answers in one conversation only
    await sql`
      insert into public.conversations (id, workspace_id, user_id)
      values (${other}, ${world.workspace}, ${owner.id})`;
    const leaving = new AbortController();
    const response = await ask(other, turn.traceparent, { disconnect: "stop" }, leaving.signal);
    assertEquals(response.status, 200);
    const [stream] = await sql`select id from public.streams where conversation_id = ${other}`;
    let from = 0;
    const write = () =>
      fetch(`${functions.url}/streams/${stream?.id}/chunks`, {
        method: "POST",
        headers: {
          apikey: environment.secretKeys.default ?? "",
          "content-type": "application/json",
        },
        body: JSON.stringify({ from: from++, chunks: ["a word"] }),
      }).then((written) => written.body?.cancel());
    await write();
    const reader = response.body!.getReader();
    await reader.read();
    const find = () => statementsOf(traceId, "POST /streams/chat");
    await eventually("the request's span has ended", () => find().length > 0);
    leaving.abort();
    await reader.cancel().catch(() => {});
    // A server hears that its reader has left when it writes.
    await eventually("the stop that the leaving asks for is a part of it", async () => {
      await write();
      return find().some(({ name }) => name === "SELECT private.stop_stream");
    });
    const stop = find().find(({ name }) => name === "SELECT private.stop_stream")!;
    const door = collector.spans.find(({ spanId }) => spanId === stop.parentSpanId)!;
    assert(BigInt(stop.startTimeUnixNano) >= BigInt(door.endTimeUnixNano), "it was sent later");
    // Its twin: a stream is looked at for all who read it, again and again, and that is no part of any.
    const names = new Set(find().map(({ name }) => name));
    assert(!names.has("SELECT private.scratch_chunks"), [...names].join());
  },
});
