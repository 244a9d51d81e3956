/**
 * What the tests of traces share: a collector, the functions and an agent in processes of their own, and a conversation
 * between them.
 */
import { findFreePort } from "../../../local/ports.ts";
import { assert, assertEquals } from "../_shared/asserts.ts";
import { createExporter } from "../_shared/traces/exporter.ts";
import { beginSpan, kinds, type Span } from "../_shared/traces/span.ts";
import { connect, createWorld, environment } from "./world.ts";

export const sql = connect();
export const world = await createWorld(sql);
const { workspace, owner } = world;
export const lax = { sanitizeResources: false, sanitizeOps: false };

export interface Received {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
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
    /** Where a process opens sockets. */
    sockets: `ws://127.0.0.1:${/sockets (\d+)/.exec(said)?.[1]}`,
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

export const conversation = crypto.randomUUID();
const agentPort = findFreePort();
export const collector = startCollector();
export const functions = await startProcess("traced-functions.ts", [], {
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
export const own = createExporter(
  { url: `${collector.url}/v1/traces`, headers: {}, resource: { "service.name": "the caller" } },
  { add() {} },
);
export const begin = (name: string) => beginSpan(own.add, null, name, kinds.client);
Deno.test.afterAll(async () => {
  own.stop();
  await talking[Symbol.asyncDispose]();
  await functions[Symbol.asyncDispose]();
  await collector[Symbol.asyncDispose]();
  await sql.end();
});

/** Asks the assistant, as useChat does. */
export async function ask(
  id: string,
  traceparent: string,
  more: Record<string, unknown> = {},
  signal = AbortSignal.timeout(20_000),
): Promise<Response> {
  return await fetch(`${functions.url}/streams/chat`, {
    method: "POST",
    signal,
    headers: {
      authorization: `Bearer ${owner.token}`,
      "content-type": "application/json",
      traceparent,
    },
    body: JSON.stringify({
      id,
      message: {
        id: crypto.randomUUID(),
        role: "user",
        parts: [{ type: "text", text: "a secret question" }],
      },
      ...more,
    }),
  });
}

/** Has the assistant answer; resolves when the answer was heard to its end. */
export async function chat(traceparent: string): Promise<string> {
  const response = await ask(conversation, traceparent);
  assertEquals(response.status, 200);
  return await response.text();
}

/** A statement of the database; how many there are is the functions' own affair. */
export const isStatement = ({ attributes }: Received) => "db.system.name" in attributes;

/** The tree of a trace as lines, each below what it is a part of, without the statements of the database. */
export function drawTree(spans: Received[], of: Span): string[] {
  const own = spans.filter((span) => span.traceId === of.context.traceId && !isStatement(span));
  const draw = (span: Received, depth: number): string[] => [
    `${"  ".repeat(depth)}${span.service}: ${span.name}`,
    ...own.filter(({ parentSpanId }) => parentSpanId === span.spanId)
      .map((part) => draw(part, depth + 1)).sort().flat(),
  ];
  return own.filter(({ parentSpanId }) => parentSpanId === undefined)
    .flatMap((root) => draw(root, 0));
}
