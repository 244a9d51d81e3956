import { writeLineChart } from "./chart.ts";
import { formatTable } from "./measure.ts";

const CELLS = 1_000;
const WORKSPACES = 10_000_000;
const SEED = 20261130;
const PICTURE = new URL("../docs/pictures/cells.svg", import.meta.url);

/** A small seeded generator (mulberry32), so that a run can be repeated. */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a simulation found. */
export interface Simulated {
  /** Workspaces of a cell over the mean. */
  count: { most: number; least: number };
  /** Data of the fullest cell over the mean: as placed, and after the moves. */
  load: { placed: number; moved: number };
  moves: number;
  /** Cells that stay fuller than that: one workspace alone fills them. */
  stuck: number;
  /** Megabytes. */
  largest: number;
  largestMoved: number;
  movedShare: number;
  /** Each cell's data over the mean, in order: as placed, and after the moves. */
  curves: { placed: number[]; moved: number[] };
}

/**
 * Places workspaces on cells as `create_workspace` does (a cell of the region by chance), lets them grow to sizes of a
 * Pareto distribution (most are tiny, a few are huge), and moves the largest that fit from the fullest cell to the
 * emptiest until none is more than a tenth above the mean, or no move helps.
 *
 * @param shape of the Pareto distribution: with 1.16 a fifth has four fifths of the data
 */
export function simulateCells(
  {
    cells = CELLS,
    workspaces = WORKSPACES,
    seed = SEED,
    shape = 1.16,
    least = 0.2,
    most = 20_000,
  } = {},
): Simulated {
  const random = seeded(seed);
  const load = new Float64Array(cells);
  const count = new Uint32Array(cells);
  // Moves look at the large ones only: what is below a thousandth of a cell helps none.
  const large: number[][] = Array.from({ length: cells }, () => []);
  const notable = workspaces / cells * least / 100;
  let largest = 0;
  for (let n = 0; n < workspaces; n++) {
    const cell = Math.floor(random() * cells);
    const size = Math.min(least / (1 - random()) ** (1 / shape), most);
    load[cell]! += size;
    count[cell]!++;
    largest = Math.max(largest, size);
    if (size > notable) large[cell]!.push(size);
  }
  const total = load.reduce((sum, one) => sum + one, 0);
  const mean = total / cells;
  const curve = () => Array.from(load, (one) => one / mean).sort((a, b) => a - b);
  const placed = curve();
  const { moves, moved, largestMoved, stuck } = even(load, large, mean);
  const after = curve();
  return {
    count: {
      most: Math.max(...count) / (workspaces / cells),
      least: Math.min(...count) / (workspaces / cells),
    },
    load: { placed: placed.at(-1) ?? 0, moved: after.at(-1) ?? 0 },
    moves,
    stuck,
    largest,
    largestMoved,
    movedShare: moved / total,
    curves: { placed, moved: after },
  };
}

/** Moves from the fullest to the emptiest what fits best, as long as it helps. */
function even(load: Float64Array, large: number[][], mean: number) {
  let moves = 0, moved = 0, largestMoved = 0;
  /** Cells in which nothing is left whose move would help: one workspace fills them. */
  const stuck = new Set<number>();
  while (moves < 100_000) {
    let fullest = -1, emptiest = 0;
    for (let cell = 0; cell < load.length; cell++) {
      if (!stuck.has(cell) && !(load[cell]! <= (load[fullest] ?? 0))) fullest = cell;
      if (load[cell]! < load[emptiest]!) emptiest = cell;
    }
    if (fullest < 0 || load[fullest]! <= mean * 1.1) break;
    const room = (load[fullest]! - load[emptiest]!) / 2;
    const fitting = large[fullest]!.filter((size) => size <= room);
    if (fitting.length === 0) {
      stuck.add(fullest);
      continue;
    }
    moves++;
    const size = Math.max(...fitting);
    large[fullest]!.splice(large[fullest]!.indexOf(size), 1);
    large[emptiest]!.push(size);
    load[fullest]! -= size;
    load[emptiest]! += size;
    moved += size;
    largestMoved = Math.max(largestMoved, size);
  }
  return { moves, moved, largestMoved, stuck: stuck.size };
}

/** 1,000 cells and 10,000,000 workspaces, from a seed; draws docs/pictures/cells.svg. */
export async function benchCells(): Promise<string> {
  const found = simulateCells();
  const points = (curve: number[]): [number, number][] =>
    curve.map((one, n): [number, number] => [n + 1, one]).filter(([n]) => n % 10 === 0);
  await writeLineChart(PICTURE, {
    title: "How full 1,000 cells are: 10,000,000 workspaces placed by chance, and after the moves",
    x: "cells, from the emptiest to the fullest",
    y: "data, of the mean",
    series: [
      { label: "as placed", points: points(found.curves.placed) },
      {
        label: `after ${found.moves.toLocaleString("en-US")} moves`,
        points: points(found.curves.moved),
      },
    ],
  });
  const share = (one: number) => `${one.toFixed(2)} ×`;
  return `Seed ${SEED}.\n\n${
    formatTable(["simulated", "figure"], [
      [
        "workspaces of the fullest and the emptiest cell, of the mean",
        `${share(found.count.most)}, ${share(found.count.least)}`,
      ],
      ["data of the fullest cell, of the mean, as placed", share(found.load.placed)],
      ["the same after the moves", share(found.load.moved)],
      ["cells that one workspace alone fills further than that", String(found.stuck)],
      ["moves", found.moves.toLocaleString("en-US")],
      ["data moved, of all", `${(found.movedShare * 100).toFixed(2)} %`],
      [
        "the largest workspace, and the largest that moved",
        `${Math.round(found.largest)} MB, ${Math.round(found.largestMoved)} MB`,
      ],
    ])
  }`;
}
