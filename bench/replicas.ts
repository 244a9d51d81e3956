/**
 * Recalls a second by one server, and with a replica beside it; and what the primary's processes spend on each. The
 * servers, the functions and the load share the machine: on two cores a second server adds no throughput, it takes
 * load off the first. The last variant sends a fresh position with each read, as a client that always writes would.
 */
import { app as memory } from "../supabase/functions/memory/index.ts";
import {
  ACME,
  type Isolate,
  JUAN,
  type Pair,
  startPair,
} from "../local/services/drills/replicas/pair.ts";
import { untilIn } from "../local/services/drills/replicas/read-after-writes.ts";
import type { PostgresServer } from "../local/services/postgres.ts";
import { childrenOf } from "../local/services/processes.ts";
import { ensureRoot } from "../local/services/root.ts";
import { formatFigure, formatTable, median, ROUNDS } from "./measure.ts";

const MEMORIES = 400;
const AT_ONCE = 8;
const SECONDS = 4;
/** Clock ticks of a second in /proc. */
const TICKS = 100;

/** Seconds of processor time that a server's processes have spent since they began, ended ones included. */
async function processorTime(server: PostgresServer): Promise<number> {
  const root = await ensureRoot(() => {});
  const pid = Number.parseInt(
    await Deno.readTextFile(root.outside(`${server.data}/postmaster.pid`)),
    10,
  );
  let ticks = 0;
  for (const each of [pid, ...await childrenOf(pid)]) {
    const stat = await Deno.readTextFile(`/proc/${each}/stat`).catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
    // utime, stime; of the postmaster also its ended children's.
    for (const field of each === pid ? [11, 12, 13, 14] : [11, 12]) ticks += fields[field] ?? 0;
  }
  return ticks / TICKS;
}

interface Round {
  reads: number;
  /** Milliseconds of the primary's and the replica's processors, for each read. */
  primary: number;
  replica: number;
}

async function measure(
  pair: Pair,
  isolate: Isolate,
  consistency: () => Promise<string>,
): Promise<Round> {
  const before = [await processorTime(pair.primary), await processorTime(pair.replica)] as const;
  const end = Date.now() + SECONDS * 1000;
  let reads = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (Date.now() < end) {
      const { status, body } = await isolate.ask(memory, "POST", "/memory/search", {
        body: { workspace_id: ACME, query: "the violin and the train" },
        consistency: await consistency(),
      });
      if (status !== 200) throw new Error(`a recall was refused: ${JSON.stringify(body)}`);
      reads++;
    }
  }));
  const after = [await processorTime(pair.primary), await processorTime(pair.replica)] as const;
  return {
    reads: reads / SECONDS,
    primary: (after[0] - before[0]) * 1000 / reads,
    replica: (after[1] - before[1]) * 1000 / reads,
  };
}

/** Measures, and returns the table. */
export async function benchReplicas(): Promise<string> {
  await using pair = await startPair();
  await pair.onPrimary`alter system set cron.launch_active_jobs = off`;
  await pair.onPrimary`select pg_reload_conf()`;
  await using alone = pair.startIsolate(pair.primary, []);
  await using beside = pair.startIsolate();
  const words = ["violin", "train", "garden", "letter", "winter", "harbour", "bread", "clock"];
  for (let n = 0; n < MEMORIES; n++) {
    const content = `Number ${n} is about the ${words[n % 8]} and the ${words[(n * 3 + 1) % 8]}.`;
    const made = await alone.ask(memory, "POST", "/memory", {
      as: JUAN,
      body: { workspace_id: ACME, content },
    });
    if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  }
  await untilIn(beside);
  const cached = () => Promise.resolve("cached");
  const newest = async () => {
    const told = await beside.services.replicas.tellPosition(new Response());
    return `at-least:${told.headers.get("x-position")}`;
  };
  const variants = [
    { name: "one server", run: () => measure(pair, alone, cached) },
    { name: "and a replica", run: () => measure(pair, beside, cached) },
    { name: "and a replica, a new position each time", run: () => measure(pair, beside, newest) },
  ];
  const rounds = new Map<string, Round[]>(variants.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, run } of variants) rounds.get(name)!.push(await run());
  }
  const rows = [...rounds].map(([name, all]) => [
    name,
    ...(["reads", "primary", "replica"] as const).map((figure) =>
      formatFigure(median(all.map((one) => one[figure])))
    ),
  ]);
  return [
    `## Recall with a replica`,
    "",
    `${MEMORIES} memories of a person, ${AT_ONCE} at once, ${ROUNDS} interleaved rounds of ${SECONDS} s each.`,
    "",
    formatTable([
      "servers",
      "median recalls/s",
      "primary's processor, ms each",
      "replica's processor, ms each",
    ], rows),
  ].join("\n");
}
