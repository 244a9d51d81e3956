/**
 * `npm run bench [-- name …]`: measures each claim beside its rivals, on a real Postgres 17 and Redis, and prints tables of ratios.
 * All load stays on loopback. BENCH_ROUNDS sets the number of rounds (at least and by default 5), BENCH_MINUTES the length of each
 * run over time (10).
 */
import { benchAccess } from "./access.ts";
import { benchAudit } from "./audit.ts";
import { benchPolicies } from "./policies.ts";
import { benchPresence } from "./presence.ts";
import { benchQueue, benchQueueOverTime } from "./queue.ts";
import { benchRecall } from "./recall.ts";
import { benchRevocation } from "./revocation.ts";
import { benchTurn } from "./turn.ts";

const BENCHMARKS: Record<string, () => Promise<string>> = {
  policies: benchPolicies,
  access: benchAccess,
  revocation: benchRevocation,
  audit: benchAudit,
  presence: benchPresence,
  queue: benchQueue,
  "queue-over-time": benchQueueOverTime,
  turn: benchTurn,
  recall: benchRecall,
};

const wanted = Deno.args.length > 0 ? Deno.args : Object.keys(BENCHMARKS);
const unknown = wanted.filter((name) => !(name in BENCHMARKS));
if (unknown.length > 0) {
  console.error(
    `Unknown: ${unknown.join(", ")}. There are: ${Object.keys(BENCHMARKS).join(", ")}.`,
  );
  Deno.exit(2);
}
console.log(
  `${
    Math.round(Deno.systemMemoryInfo().total / 2 ** 30)
  } GiB, ${navigator.hardwareConcurrency} cores, clients and servers share them\n`,
);
for (const name of wanted) {
  console.error(`bench: ${name} …`);
  console.log(`## ${name}\n\n${await BENCHMARKS[name]?.()}\n`);
}
