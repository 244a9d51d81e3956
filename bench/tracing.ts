/**
 * What tracing costs, as CPU time of the functions' process: requests a second of a machine that is shared say nothing
 * about a microsecond.
 *
 * The warm check compares code with and without tracing, in processes of their own and in short turns. They are started
 * anew many times, since two of the same code differ for as long as they live. So a start is what is counted: it has
 * the median of its rounds' ratios, and the interval is that of the median of all starts. What is recorded and what is
 * not is compared within one process (`tracing/turns.ts`).
 */
import postgres from "postgres";
import { findConfig, writeConfig } from "../local/edge/import-map.ts";
import { findPlatformDeno } from "../local/edge/platform-deno.ts";
import { projectRoot } from "../local/state.ts";
import type { Stack } from "../local/stack.ts";
import { startBenchDatabase } from "./database.ts";
import { SEED, signIn, UNLIMITED } from "./isolates.ts";
import { formatTable, median, medianInterval } from "./measure.ts";
import { type Block, formatTurns, readBlock, ROUNDS } from "./tracing/turns.ts";

const FUNCTIONS = `${projectRoot}/supabase/functions`;
const denoDir = `${projectRoot}/node_modules/.cache/groundwork/platform/deno`;
/** How often all processes are started, and how many blocks of turns each does. */
const STARTS = Number(Deno.env.get("BENCH_STARTS") ?? 12);
const BLOCKS = Number(Deno.env.get("BENCH_BLOCKS") ?? 20);

/** A process of `tracing/isolate.ts`. */
interface Measured {
  /** Nanoseconds of CPU. */
  spend(times: number, work: string): Promise<number[]>;
  stop(): Promise<void>;
}
interface Variant {
  name: string;
  folder: string;
  env: Record<string, string>;
}

/** The functions without a line of tracing in the way of a request. */
async function copyWithoutTracing(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "groundwork-untraced-" });
  const copied = await new Deno.Command("cp", { args: ["-r", `${FUNCTIONS}/.`, folder] }).output();
  if (!copied.success) throw new Error(new TextDecoder().decode(copied.stderr));
  const file = `${folder}/_shared/http/app.ts`;
  const source = await Deno.readTextFile(file);
  const without = [
    [/ {4}const traceparent = [^]*?spans\.set\(request, span\);\n/, ""],
    [/await \(span\n[^]*?: (handler\(context\))\);/, "await $1;"],
    [/ {4}if \(span\) endSpan\([^]*?;\n/, ""],
    [/note\(request, method, env, span, /g, "note(request, method, env, undefined, "],
  ] as const;
  const cut = without.reduce((text, [line, rest]) => {
    if (text.search(line) < 0) throw new Error(`${file} has changed: there is no ${line}`);
    return text.replace(line, rest);
  }, source);
  await Deno.writeTextFile(file, cut);
  return folder;
}

async function start({ folder, env }: Variant, stack: Stack, args: string[]): Promise<Measured> {
  const config = await writeConfig((await findConfig(FUNCTIONS, "agents"))?.file ?? null);
  const child = new Deno.Command(await findPlatformDeno(), {
    args: [
      ...["run", "--quiet", "--no-check", "--allow-all", "--no-lock", "--node-modules-dir=none"],
      `--config=${config}`,
      new URL("tracing/isolate.ts", import.meta.url).href,
      ...[`file://${folder}`, ...args],
    ],
    env: { ...stack.functionEnv, ...UNLIMITED, ...env, DENO_DIR: denoDir },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = child.stdin.getWriter();
  let said = "";
  /** What it spent; what it logs is passed over. */
  async function hear(): Promise<number[]> {
    for (;;) {
      const [whole, spent] = /^spent (.+)\n/m.exec(said) ?? [];
      if (whole !== undefined) {
        said = said.slice(said.indexOf(whole) + whole.length);
        return JSON.parse(spent!);
      }
      const { value, done } = await reader.read();
      if (done) throw new Error(`the functions of ${folder} ended`);
      said += value;
    }
  }
  await hear();
  return {
    async spend(times, work) {
      await writer.write(new TextEncoder().encode(`${times} ${work}\n`));
      return await hear();
    },
    async stop() {
      await writer.close();
      await child.status;
    },
  };
}

interface Rounds {
  /** Of the work, before anything is counted. */
  warm: number;
  /** Rounds of each start, and what one is: so many of this work. */
  rounds: number;
  times: number;
  work: string;
}

const show = (ratio: number) => ratio.toFixed(3);

/** Ratios to the first variant within each round: their median of each start, and the median of the starts. */
async function compareCpu(
  title: string,
  { warm, rounds, times, work }: Rounds,
  variants: Variant[],
  open: (variant: Variant) => Promise<Measured>,
): Promise<string> {
  const spent = variants.map((): number[] => []);
  const ratios = variants.map((): number[] => []);
  for (let begun = 0; begun < STARTS; begun++) {
    const processes = await Promise.all(variants.map(open));
    for (const one of processes) await one.spend(warm, work);
    const figures = variants.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      // Nobody is always the first.
      for (let n = 0; n < variants.length; n++) {
        const place = (n + round) % variants.length;
        figures[place]!.push((await processes[place]!.spend(times, work))[0]! / times / 1000);
      }
    }
    for (const [place, some] of figures.entries()) {
      spent[place]!.push(median(some));
      ratios[place]!.push(median(some.map((figure, round) => figure / figures[0]![round]!)));
    }
    for (const one of processes) await one.stop();
  }
  const rows = variants.map(({ name }, place) => {
    const all = ratios[place]!;
    return [
      name,
      median(spent[place]!).toFixed(1),
      show(median(all)),
      place === 0 ? "" : medianInterval(all).map(show).join(" to "),
      place === 0 ? "" : `${show(Math.min(...all))} to ${show(Math.max(...all))}`,
    ];
  });
  return [
    `### ${title}`,
    "",
    `${STARTS} starts of ${rounds} interleaved rounds; a round is ${times} ${work}.`,
    "",
    formatTable(
      ["variant", "CPU, µs", "median ratio", "with 95 % between", "of single starts"],
      rows,
    ),
  ].join("\n");
}

const load = async () => (await Deno.readTextFile("/proc/loadavg")).split(" ")[0];

/** What both need: a database, a person's token, and a conversation in which something was said. */
async function withWorld(
  measure: (open: (variant: Variant) => Promise<Measured>) => Promise<string>,
): Promise<string> {
  const database = await startBenchDatabase({ redis: "none" });
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    const { token } = await signIn(database.stack, "juan@acme.example");
    const { workspace, juan, hr } = SEED;
    const [conversation, message] = [crypto.randomUUID(), crypto.randomUUID()];
    await sql`
      insert into public.conversations (id, workspace_id, user_id)
      values (${conversation}, ${workspace}, ${juan})`;
    await sql`
      insert into public.messages (id, workspace_id, conversation_id, user_id, role, parts)
      values (${message}, ${workspace}, ${conversation}, ${juan}, 'user',
        '[{"type": "text", "text": "How many days of leave have I?"}]')`;
    await sql`
      update public.conversations set active_message_id = ${message} where id = ${conversation}`;
    // As in a database that has been used: the plans for tables of some rows would be others.
    await sql`
      with talk as (
        insert into public.conversations (workspace_id, user_id) values (${workspace}, ${juan}) returning id
      )
      insert into public.messages (workspace_id, conversation_id, user_id, role, parts)
      select ${workspace}, talk.id, ${juan}, 'user', '[{"type": "text", "text": "another one"}]'
      from talk cross join generate_series(1, 3000)`;
    await sql`vacuum analyze`;
    const before = await load();
    const table = await measure((variant) =>
      start(variant, database.stack, [token, hr, conversation])
    );
    return `${table}\n\nThe machine's load was ${before} before and ${await load()} after.`;
  } finally {
    await sql.end();
    await database.stop();
  }
}

/** The warm check where nothing is recorded. */
export async function benchTracingOff(): Promise<string> {
  const untraced = await copyWithoutTracing();
  try {
    const none = { folder: untraced, env: {} };
    return await withWorld((open) =>
      compareCpu("The warm permission check, no collector", {
        warm: 5000,
        rounds: 80,
        times: 500,
        work: "checks",
      }, [
        { name: "tracing taken out of the code", ...none },
        { name: "the same once more", ...none },
        { name: "tracing off", folder: FUNCTIONS, env: {} },
      ], open)
    );
  } finally {
    await Deno.remove(untraced, { recursive: true });
  }
}

/** A turn of which everything is recorded; in one process, beside turns of which nothing is. */
export async function benchTracingOn(): Promise<string> {
  let received = 0;
  const collector = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { resourceSpans } = await request.json();
      received += resourceSpans[0].scopeSpans[0].spans.length;
      return Response.json({});
    },
  );
  const endpoint = `http://127.0.0.1:${collector.addr.port}`;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  try {
    const table = await withWorld(async (open) => {
      const starts: Block[][] = [];
      while (starts.length < STARTS) {
        const functions = await open({ name: "", folder: FUNCTIONS, env });
        await functions.spend(4 * ROUNDS, "turns");
        const blocks: Block[] = [];
        while (blocks.length < BLOCKS) {
          blocks.push(readBlock(await functions.spend(ROUNDS, "turns")));
        }
        await functions.stop();
        starts.push(blocks);
      }
      return formatTurns(starts);
    });
    return `${table} ${received} spans were received.`;
  } finally {
    await collector.shutdown();
  }
}
