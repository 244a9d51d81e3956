/**
 * What recording costs a turn: turns of which everything is recorded alternate with others in one process, since two
 * processes of the same code differ for as long as they live by more than what is asked for.
 */
import { bootstrapInterval, formatTable, median } from "../measure.ts";

/** What the turns of a block spent, by variant, in microseconds of CPU. */
export interface Block {
  functions: number[][];
  turn: number[][];
}
/** Rounds of a block: six turns of each variant, whose 156 spans a busy isolate sends in one request too. */
export const ROUNDS = 3;
const variantsOfTurns = [
  "a collector, the trace not sampled",
  "the same once more",
  "no collector, the trace not sampled",
  "sampled: every span sent to the collector",
];

/** Reads what `tracing/isolate.ts` says of a block. */
export function readBlock(spent: number[]): Block {
  const sending = spent.at(-1)! / (2 * ROUNDS);
  const functions = variantsOfTurns.map((): number[] => []);
  const turn = variantsOfTurns.map((): number[] => []);
  for (let n = 0; n + 2 < spent.length; n += 3) {
    const [place = 0, here = 0, there = 0] = spent.slice(n, n + 3);
    const whole = here + (place === variantsOfTurns.length - 1 ? sending : 0);
    functions[place]!.push(whole / 1000);
    turn[place]!.push((whole + there) / 1000);
  }
  return { functions, turn };
}

/** A variant's median turn beside the others': each turn is taken as a share of its block's, so that no load counts. */
function ratioOf(what: keyof Block, place: number, others: number[]) {
  return (blocks: Block[]) => {
    const shares = blocks.map((block) => {
      const usual = median(block[what].slice(0, 2).flat());
      return block[what].map((turns) => turns.map((one) => one / usual));
    });
    const middle = (places: number[]) =>
      median(shares.flatMap((share) => places.flatMap((one) => share[one]!)));
    return middle([place]) / middle(others);
  };
}

const show = (ratio: number) => ratio.toFixed(3);

/** A table of all starts: each variant beside both that are not sampled, and these beside one another. */
export function formatTurns(starts: Block[][]): string {
  const rows = variantsOfTurns.map((name, place) => {
    const columns = (["functions", "turn"] as const).flatMap((what) => {
      const spent = median(starts.flat().flatMap((block) => block[what][place]!)).toFixed(0);
      if (place === 0) return [spent, "1", ""];
      const ratio = ratioOf(what, place, place === 1 ? [0] : [0, 1]);
      const bounds = bootstrapInterval(starts, ratio);
      return [spent, show(ratio(starts.flat())), bounds.map(show).join(" to ")];
    });
    return [name, ...columns];
  });
  return [
    "### A turn of eight requests",
    "",
    `${starts.length} starts of ${starts[0]?.length} blocks of ${
      2 * ROUNDS
    } turns of each variant, all in one process.`,
    "",
    formatTable([
      "variant",
      "CPU of the functions, µs",
      "ratio",
      "with 95 % between",
      "with the database's, µs",
      "ratio of these",
      "with 95 % between",
    ], rows),
  ].join("\n");
}
