/**
 * Functions in a process of their own, asked without HTTP, whose CPU time is counted: `isolate.ts <folder of the
 * functions> <person's token> <agent> <conversation>`. Each line of its input is a number and what is done as often,
 * `10000 check` or `3 turns`; it answers each with `spent` and a list of nanoseconds of CPU.
 */
type Functions = typeof import("../../supabase/functions/_shared/http/app.ts");
type Environments = typeof import("../../supabase/functions/_shared/environment.ts");
type Isolates = typeof import("../../supabase/functions/_shared/services.ts");
type Tracers = typeof import("../../supabase/functions/_shared/traces/tracer.ts");
type Spans = typeof import("../../supabase/functions/_shared/traces/span.ts");
type Exporters = typeof import("../../supabase/functions/_shared/traces/exporter.ts");
type Traceparents = typeof import("../../supabase/functions/_shared/traces/traceparent.ts");

const [folder = "", token = "", agent = "", conversation = ""] = Deno.args;
const shared = `${folder}/_shared`;
const { serve }: Functions = await import(`${shared}/http/app.ts`);
const { parseEnvironment }: Environments = await import(`${shared}/environment.ts`);
const { createServices }: Isolates = await import(`${shared}/services.ts`);
const { createTracer, passingTracer }: Tracers = await import(`${shared}/traces/tracer.ts`);
const { kinds }: Spans = await import(`${shared}/traces/span.ts`);
const { createExporter }: Exporters = await import(`${shared}/traces/exporter.ts`);
const { makeSpanId, makeTraceId }: Traceparents = await import(`${shared}/traces/traceparent.ts`);

const environment = parseEnvironment();
const services = createServices(environment);
/** Whom a request is given; only the tracer is ever another one, and all connections are the same. */
let given = services;
const load = async (name: string) => {
  const { app } = await import(`${folder}/${name}/index.ts`);
  return serve(app, () => given).fetch;
};
const [agents, context, streams] = await Promise.all(["agents", "context", "streams"].map(load));

const { symbols: { clock_gettime } } = Deno.dlopen("libc.so.6", {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});
const clock = new BigInt64Array(2);
/** Of all threads, also of those that have ended, which /proc forgets. */
function cpuTime(): number {
  clock_gettime(2, clock); // CLOCK_PROCESS_CPUTIME_ID
  return Number(clock[0]! * 1_000_000_000n + clock[1]!);
}

async function check(): Promise<void> {
  const response = await agents!(
    new Request(`http://functions/agents/${agent}/access`, {
      headers: { authorization: `Bearer ${token}` },
    }),
  );
  // On a busy machine the answer of two seconds ago cannot always be renewed in time.
  if (response.status === 503) return await check();
  if (response.status !== 200) throw new Error(await response.text());
}

const headers: Record<string, string> = {
  apikey: environment.secretKeys.default ?? "",
  "content-type": "application/json",
};
async function ask(fetch: typeof agents, method: string, path: string, body?: unknown) {
  const response = await fetch!(
    new Request(`http://functions${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return await response.json();
}

/** Eight requests: an answer is begun, its prompt made, said in five pieces, and stored. */
async function turn(): Promise<void> {
  const { stream_id } = await ask(streams, "POST", "/streams", { conversation_id: conversation });
  await ask(context, "GET", `/context/${conversation}?budget=2000`);
  for (let from = 0; from < 5; from++) {
    const chunks = ["a piece of an answer"];
    await ask(streams, "POST", `/streams/${stream_id}/chunks`, { from, chunks });
  }
  const parts = [{ type: "text", text: "an answer" }];
  await ask(streams, "POST", `/streams/${stream_id}/finish`, { message: { parts } });
}

/** What a turn's requests are given, and whether they say that their trace is sampled. */
type Variant = [services: typeof services, flag: "00" | "01"];
function makeVariants({ traces }: typeof environment): Variant[] {
  if (!traces) return [];
  const collector = { ...traces, resource: { "service.name": traces.serviceName } };
  // It sends when it is told to, so that this falls into nobody's turn.
  const bounds = { mostWaiting: 1000, batch: 1000, pause: 600_000, patience: 3000 };
  const exporter = createExporter(collector, services.metrics, bounds);
  const without = { ...services, tracer: passingTracer };
  const recording = { ...services, tracer: createTracer(exporter, 1, kinds.server) };
  return [[recording, "00"], [recording, "00"], [without, "00"], [recording, "01"]];
}
const variants = makeVariants(environment);

/** Of the processes that serve the functions' connections. */
async function findBackends(): Promise<() => number> {
  const rows = await services.database.run((sql) =>
    sql<{ pid: number }[]>`
      select pid from pg_catalog.pg_stat_activity where application_name = 'groundwork-functions'`
  );
  const files = rows.map(({ pid }) => `/proc/${pid}/schedstat`);
  const known = files.map(() => 0);
  return () => {
    for (const [n, file] of files.entries()) {
      try {
        known[n] = Number.parseInt(Deno.readTextFileSync(file));
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error; // it has ended
      }
    }
    return known.reduce((sum, one) => sum + one);
  };
}

let rounds = 0;
/**
 * A block of so many rounds: each there and back again, so that nobody gains by what drifts, and begun by another
 * variant than the one before. Then what was recorded is sent, as one request.
 *
 * @returns of each turn the variant, and what the functions and the database spent; and then of the request
 */
async function turns(times: number): Promise<number[]> {
  const databaseTime = await findBackends();
  const spent: number[] = [];
  for (const end = rounds + times; rounds < end; rounds++) {
    const there = variants.map((_, n) => (n + rounds) % variants.length);
    for (const place of [...there, ...there.toReversed()]) {
      const [its, flag] = variants[place]!;
      given = its;
      headers.traceparent = `00-${makeTraceId()}-${makeSpanId()}-${flag}`;
      const [database, functions] = [databaseTime(), cpuTime()];
      await turn();
      spent.push(place, cpuTime() - functions, databaseTime() - database);
    }
  }
  const begun = cpuTime();
  await variants.at(-1)?.[0].tracer.flush();
  return [...spent, cpuTime() - begun];
}

async function checks(times: number): Promise<number[]> {
  const begun = cpuTime();
  for (let n = 0; n < times; n++) {
    await check();
    // A check from memory waits for nothing, and timers would never have their turn.
    if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  return [cpuTime() - begun];
}

const works: Record<string, (times: number) => Promise<number[]>> = { checks, turns };
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
let said = "";
console.log("spent []");
for await (const text of lines) {
  said += text;
  for (let end = said.indexOf("\n"); end >= 0; end = said.indexOf("\n")) {
    const [times, work = ""] = said.slice(0, end).split(" ");
    said = said.slice(end + 1);
    console.log(`spent ${JSON.stringify(await works[work]!(Number(times)))}`);
  }
}
Deno.exit();
