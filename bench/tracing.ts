/**
 * What tracing costs, as CPU time of the functions' process: requests a second of a machine that is shared say nothing
 * about a microsecond. Three variants run in processes of their own, in turns; the processes are started anew several
 * times, since two of the same code differ for as long as they live.
 */
import postgres from "postgres";
import { findConfig, writeConfig } from "../local/edge/import-map.ts";
import { findPlatformDeno } from "../local/edge/platform-deno.ts";
import { projectRoot } from "../local/state.ts";
import type { Stack } from "../local/stack.ts";
import { startBenchDatabase } from "./database.ts";
import { SEED, signIn, UNLIMITED } from "./isolates.ts";
import { formatTable, median, percentile, ROUNDS } from "./measure.ts";

const FUNCTIONS = `${projectRoot}/supabase/functions`;
const denoDir = `${projectRoot}/node_modules/.cache/groundwork/platform/deno`;
/** How often all processes are started. */
const STARTS = 8;

/** A process of `tracing/isolate.ts`. */
interface Measured {
  /** Nanoseconds of CPU. */
  spend(times: number, work: string): Promise<number>;
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
  async function hear(): Promise<string> {
    while (!said.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the functions of ${folder} ended`);
      said += value;
    }
    const end = said.indexOf("\n");
    const line = said.slice(0, end);
    said = said.slice(end + 1);
    return line;
  }
  await hear();
  return {
    async spend(times, work) {
      await writer.write(new TextEncoder().encode(`${times} ${work}\n`));
      return Number(await hear());
    },
    async stop() {
      await writer.close();
      await child.status;
    },
  };
}

/** Ratios to the first variant, within each round, of all starts; and the median of each start. */
async function compareCpu(
  title: string,
  [times, work]: [number, string],
  variants: Variant[],
  open: (variant: Variant) => Promise<Measured>,
): Promise<string> {
  const spent = variants.map((): number[][] => []);
  for (let begun = 0; begun < STARTS; begun++) {
    const processes = await Promise.all(variants.map(open));
    for (const one of processes) await one.spend(times * 3, work);
    const figures = variants.map((): number[] => []);
    for (let round = 0; round < ROUNDS * 4; round++) {
      // Nobody is always the first.
      for (let n = 0; n < variants.length; n++) {
        const place = (n + round) % variants.length;
        figures[place]!.push(await processes[place]!.spend(times, work) / times / 1000);
      }
    }
    figures.forEach((some, place) => spent[place]!.push(some));
    for (const one of processes) await one.stop();
  }
  const ratiosOf = (starts: number[][]) =>
    starts.map((some, begun) => some.map((figure, n) => figure / spent[0]![begun]![n]!));
  const show = (ratio: number) => ratio.toFixed(3);
  const rows = variants.map(({ name }, place) => {
    const ratios = ratiosOf(spent[place]!);
    const all = ratios.flat();
    const each = ratios.map(median);
    return [
      name,
      median(spent[place]!.flat()).toFixed(2),
      show(median(all)),
      `${show(percentile(all, 0.25))} to ${show(percentile(all, 0.75))}`,
      `${show(Math.min(...each))} to ${show(Math.max(...each))}`,
    ];
  });
  return [
    `### ${title}`,
    "",
    `${STARTS} starts of ${ROUNDS * 4} interleaved rounds; a round is ${times} × ${work}.`,
    "",
    formatTable(
      ["variant", "CPU, µs", "median ratio", "middle half of the ratios", "medians of the starts"],
      rows,
    ),
  ].join("\n");
}

const load = async () => (await Deno.readTextFile("/proc/loadavg")).split(" ")[0];

/** The warm check without a collector, and a turn with one. */
export async function benchTracing(): Promise<string> {
  const database = await startBenchDatabase({ redis: "none" });
  const untraced = await copyWithoutTracing();
  let received = 0;
  const collector = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { resourceSpans } = await request.json();
      received += resourceSpans[0].scopeSpans[0].spans.length;
      return Response.json({});
    },
  );
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    const { token } = await signIn(database.stack, "juan@acme.example");
    const conversation = crypto.randomUUID();
    await sql`
      insert into public.conversations (id, workspace_id, user_id)
      values (${conversation}, ${SEED.workspace}, ${SEED.juan})`;
    const open = (variant: Variant) =>
      start(variant, database.stack, [token, SEED.hr, conversation]);
    const none = { folder: untraced, env: {} };
    const off = { folder: FUNCTIONS, env: {} };
    const endpoint = `http://127.0.0.1:${collector.addr.port}`;
    const on = { folder: FUNCTIONS, env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } };
    const before = await load();
    const checks = await compareCpu(
      "The warm permission check, no collector",
      [10_000, "check"],
      [
        { name: "tracing taken out of the code", ...none },
        { name: "the same once more", ...none },
        { name: "tracing off", ...off },
      ],
      open,
    );
    const turns = await compareCpu(
      "A turn of eight requests",
      [10, "turn"],
      [
        { name: "tracing off", ...off },
        { name: "the same once more", ...off },
        { name: "every span sent to a collector", ...on },
      ],
      open,
    );
    return [
      `Load of the machine: ${before} before, ${await load()} after. ${received} spans were received.`,
      checks,
      turns,
    ].join("\n\n");
  } finally {
    await sql.end();
    await collector.shutdown();
    await Deno.remove(untraced, { recursive: true });
    await database.stop();
  }
}
