/** One way of doing a thing. `measure` does it for a while and returns its figure in the comparison's unit. */
export interface Variant {
  name: string;
  measure: () => Promise<number>;
}

/** Figures of interleaved rounds, and how to read them. */
export interface Comparison {
  title: string;
  /** E.g. "requests/s" or "ms". */
  unit: string;
  /** Whether more is better (a rate) or less (a time). */
  better: "more" | "less";
  /** The variant that the others are divided by. */
  baseline: string;
  figures: Map<string, number[]>;
}

/** Rounds of every comparison unless `--rounds` says otherwise. */
export const ROUNDS = Math.max(5, Number(Deno.env.get("BENCH_ROUNDS") ?? 5));

/**
 * Measures the variants in turn, round after round (A B C, A B C, …), after one round that is not counted. These
 * machines drift: only figures of the same round are comparable, so what is reported is the ratio within each round.
 */
export async function compare(
  options: Omit<Comparison, "figures">,
  variants: Variant[],
  rounds = ROUNDS,
): Promise<Comparison> {
  const figures = new Map<string, number[]>(variants.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, measure } of variants) {
      const figure = await measure();
      if (round > 0) figures.get(name)?.push(figure);
    }
  }
  return { ...options, figures };
}

/** The middle value; of an even number of them the lower middle, which flatters nobody. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? NaN;
}

/**
 * Where the median of what these were drawn from lies, with a certainty of 95 % at least: between two of them in their
 * order, whatever their distribution. Fewer than six say nothing.
 */
export function medianInterval(values: number[]): [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const many = sorted.length;
  // The chance that at most `below` of them are on one side of the median.
  let tail = 0;
  let ways = 1;
  let below = 0;
  for (; below < many / 2; below++) {
    const next = tail + ways / 2 ** many;
    if (next > 0.025) break;
    tail = next;
    ways = ways * (many - below) / (below + 1);
  }
  return below === 0 ? [NaN, NaN] : [sorted[below - 1]!, sorted[many - below]!];
}

/**
 * Where a figure of blocks lies, with a certainty of 95 %: by how it differs when starts, and blocks of each, are drawn
 * anew from those that there were (the bootstrap of clusters: blocks of one start are alike).
 */
export function bootstrapInterval<Block>(
  starts: Block[][],
  figureOf: (blocks: Block[]) => number,
  times = 1000,
): [number, number] {
  const draw = <Item>(from: Item[]): Item[] =>
    from.map(() => from[Math.floor(Math.random() * from.length)]!);
  const figures = Array.from({ length: times }, () => figureOf(draw(starts).flatMap(draw)));
  return [percentile(figures, 0.025), percentile(figures, 0.975)];
}

/** The share `q` (0…1) of the values is at most this. */
export function percentile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? NaN;
}

/**
 * A comparison as a Markdown table: median and worst of the figures, and of their ratios to the baseline within each
 * round.
 */
export function formatComparison({ title, unit, better, baseline, figures }: Comparison): string {
  const base = figures.get(baseline) ?? [];
  const worst = (values: number[]) => better === "more" ? Math.min(...values) : Math.max(...values);
  const rows = [...figures].map(([name, values]) => {
    const ratios = values.map((value, round) => value / (base[round] ?? NaN));
    return [
      name,
      formatFigure(median(values)),
      formatFigure(worst(values)),
      name === baseline ? "1" : `${formatFigure(median(ratios))} ×`,
      name === baseline ? "1" : `${formatFigure(worst(ratios))} ×`,
    ];
  });
  return [
    `### ${title}`,
    "",
    `${base.length} interleaved rounds; ${unit}, ${better} is better.`,
    "",
    formatTable([
      "variant",
      `median ${unit}`,
      "worst",
      `ratio to ${baseline}`,
      "worst ratio",
    ], rows),
  ].join("\n");
}

/** A Markdown table with aligned columns. */
export function formatTable(head: string[], rows: string[][]): string {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => (row[column] ?? "").length))
  );
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** Three significant figures, thousands grouped. */
export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const rounded = Number(value.toPrecision(3));
  return rounded >= 1000 ? rounded.toLocaleString("en-US") : String(rounded);
}
