/**
 * An agent in a process of its own, with traces of its own: it answers what is asked in the background of one
 * conversation, and whoever talks to it through a relay. Arguments: the functions' URL, the collector's, the
 * conversation, a secret key, and the port to listen on.
 */
import { createExporter } from "../_shared/traces/exporter.ts";
import { beginSpan, kinds, passOn } from "../_shared/traces/span.ts";
import { readTraceparent } from "../_shared/traces/traceparent.ts";

const [functions = "", collector = "", conversation = "", key = "", port] = Deno.args;
const exporter = createExporter(
  { url: collector, headers: {}, resource: { "service.name": "the agent" } },
  { add() {} },
  { mostWaiting: 100, batch: 100, pause: 50, patience: 3000 },
);

/** What is not sampled is passed on, as every process of a trace does. */
function begin(traceparent: string | null | undefined, name: string) {
  const parent = readTraceparent(traceparent ?? null);
  return parent && !parent.isSampled
    ? passOn(parent)
    : beginSpan(exporter.add, parent, name, kinds.client);
}

// deno-lint-ignore no-explicit-any -- answers of every shape
type Answered = any;

async function ask(
  method: string,
  path: string,
  traceparent: string,
  body?: unknown,
): Promise<Answered> {
  const response = await fetch(functions + path, {
    method,
    headers: { apikey: key, "content-type": "application/json", traceparent },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  }
  return await response.json();
}

async function answerQuery({ id, claim_token, work }: Answered): Promise<void> {
  const span = begin(work.traceparent, "answer");
  const trace = span.traceparent;
  const { stream_id } = work.input;
  const { record_id } = await ask("GET", `/context/${conversation}?budget=2000`, trace);
  await ask("POST", `/streams/${stream_id}/chunks`, trace, {
    from: 0,
    chunks: ["a secret answer"],
  });
  await ask("POST", `/streams/${stream_id}/finish`, trace, {
    message: {
      parts: [{ type: "text", text: "a secret answer" }],
      metadata: { context_record_id: record_id, model: "small-1", note: "a secret note" },
      token_count: 5,
    },
  });
  await ask("POST", "/work/background_queries/complete", trace, { claim_token, ids: [id] });
  span.end();
}

async function work(): Promise<void> {
  for (;;) {
    const claimed = await ask("POST", "/work/background_queries/claim", "", {
      worker: "traced agent",
      batch: 10,
      lease: 5,
    });
    for (const one of claimed.work) {
      if (one.work.conversation_id === conversation) await answerQuery(one);
    }
    await new Promise((go) => setTimeout(go, 50));
  }
}

Deno.serve({
  hostname: "127.0.0.1",
  port: Number(port),
  onListen: ({ port }) => console.log(`listens ${port}`),
}, (request) => {
  const session = request.headers.get("x-groundwork-session-id");
  const handed = request.headers.get("traceparent");
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = async ({ data }) => {
    const span = begin(handed, "turn");
    await ask("POST", `/sessions/${session}/turns`, span.traceparent, {
      request_id: String(data),
      usage: [
        { kind: "tokens", unit: "input_token", quantity: 12 },
        { kind: "tokens", unit: "output_token", quantity: 3 },
      ],
    });
    span.end();
    socket.send("done");
  };
  return response;
});
work();
