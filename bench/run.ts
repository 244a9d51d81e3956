/**
 * `npm run bench [-- name …]`: measures each claim beside its rivals, on a real Postgres 17 and Redis, and prints
 * tables of ratios. All load stays on loopback. BENCH_ROUNDS sets the number of rounds (at least and by default 5),
 * BENCH_MINUTES the length of each run over time (10). `--write` puts each table into docs/benchmarks.md as soon as it
 * is made, and draws the comparisons.
 */
import { formatText } from "../local/checks/format-text.ts";
import { benchAccess } from "./access.ts";
import { benchAudit } from "./audit.ts";
import { benchBudgets, benchRandomSpenders } from "./budgets.ts";
import { benchCells } from "./cells.ts";
import { drawComparisons, putTables } from "./document.ts";
import { benchFootprint } from "./footprint.ts";
import { benchJunk } from "./junk.ts";
import { benchLargeTable } from "./large-table.ts";
import { benchMeaning } from "./meaning.ts";
import { benchAgents, benchPolicies } from "./policies.ts";
import { benchPresence } from "./presence.ts";
import { benchQueue, benchQueueOverTime } from "./queue.ts";
import { benchRecall } from "./recall.ts";
import { benchReplicas } from "./replicas.ts";
import { provide, type RequirementName } from "./requirements.ts";
import { benchRevocation } from "./revocation.ts";
import { benchTenants } from "./tenants.ts";
import { benchTracingOff, benchTracingOn } from "./tracing.ts";
import { benchTurn } from "./turn.ts";

/** A benchmark, and what it needs of the machine. */
interface Benchmark {
  run: () => Promise<string>;
  needs: RequirementName[];
}

const BENCHMARKS: Record<string, Benchmark> = {
  policies: { run: benchPolicies, needs: ["postgres"] },
  agents: { run: benchAgents, needs: ["postgres"] },
  access: { run: benchAccess, needs: ["postgres", "redis", "wrk"] },
  revocation: { run: benchRevocation, needs: ["postgres", "redis"] },
  audit: { run: benchAudit, needs: ["postgres"] },
  budgets: { run: benchBudgets, needs: ["postgres"] },
  "budgets-at-random": { run: benchRandomSpenders, needs: ["postgres"] },
  presence: { run: benchPresence, needs: ["postgres", "redis"] },
  footprint: { run: benchFootprint, needs: ["postgres"] },
  queue: { run: benchQueue, needs: ["postgres", "pgflow"] },
  "queue-over-time": { run: benchQueueOverTime, needs: ["postgres"] },
  turn: { run: benchTurn, needs: ["postgres", "langgraph"] },
  tracing: { run: benchTracingOff, needs: ["postgres"] },
  "tracing-on": { run: benchTracingOn, needs: ["postgres"] },
  tenants: { run: benchTenants, needs: ["postgres"] },
  cells: { run: benchCells, needs: [] },
  "large-table": { run: benchLargeTable, needs: ["postgres"] },
  junk: { run: benchJunk, needs: ["postgres"] },
  meaning: { run: benchMeaning, needs: ["postgres"] },
  recall: { run: benchRecall, needs: ["postgres"] },
  replicas: { run: benchReplicas, needs: ["postgres"] },
};

const DOCS = new URL("../docs/", import.meta.url);

/** Puts a benchmark's tables into the page, and draws them. */
async function write(output: string, when: string): Promise<void> {
  const file = new URL("benchmarks.md", DOCS);
  const put = putTables(await Deno.readTextFile(file), output, when);
  for (const title of put.unplaced) console.error(`bench: docs/benchmarks.md has no "${title}"`);
  const { page, pictures } = drawComparisons(put.page);
  await Deno.mkdir(new URL("pictures/bench/", DOCS), { recursive: true });
  for (const { file, svg } of pictures) await Deno.writeTextFile(new URL(file, DOCS), svg);
  await Deno.writeTextFile(file, await formatText(page, "md"));
}

const load = async () => (await Deno.readTextFile("/proc/loadavg")).split(" ")[0];

const isWritten = Deno.args.includes("--write");
const named = Deno.args.filter((name) => name !== "--write");
const wanted = named.length > 0 ? named : Object.keys(BENCHMARKS);
const unknown = wanted.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  console.error(
    `Unknown: ${unknown.join(", ")}. There are: ${Object.keys(BENCHMARKS).join(", ")}.`,
  );
  Deno.exit(2);
}
const missing = await provide(
  wanted.flatMap((name) => BENCHMARKS[name]!.needs),
  (line) => console.error(`bench: ${line}`),
);
if (missing.length > 0) {
  console.error(`This machine lacks:\n${missing.map((line) => `- ${line}`).join("\n")}`);
  Deno.exit(1);
}
console.log(
  `${
    Math.round(Deno.systemMemoryInfo().total / 2 ** 30)
  } GiB, ${navigator.hardwareConcurrency} cores, clients and servers share them\n`,
);
for (const name of wanted) {
  console.error(`bench: ${name} …`);
  const before = await load();
  const output = `## ${name}\n\n${await BENCHMARKS[name]!.run()}\n`;
  const day = new Date().toISOString().slice(0, 10);
  const when = `Run of ${day}; the machine's load was ${before} before and ${await load()} after.`;
  console.log(`${output}\n${when}\n`);
  if (isWritten) await write(output, when);
}
