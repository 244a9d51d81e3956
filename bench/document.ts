/** The tables of a run in docs/benchmarks.md, with a picture of each comparison. */
import { type Bar, drawBars } from "./chart.ts";

/** A part of a page that begins with `### title`. */
interface Block {
  section: string;
  title: string;
  text: string;
}

function* blocksOf(page: string): Generator<Block> {
  let section = "";
  for (const text of page.split(/^(?=##)/m)) {
    const [, marks, title = ""] = /^(#+) (.*)$/m.exec(text) ?? [];
    if (marks === "##") section = title;
    if (marks === "###") yield { section, title, text };
  }
}

const table = /(?:^\|.*\n?)+/m;
const rounds = /^\d+ (?:interleaved rounds|starts of)[^.]*\./m;
const stamp = /^Run of .*\n\n/m;

/**
 * Puts each table of a run where the page has one of the same title; the words beside it stay.
 *
 * @param when told above each table, such as "Run of 2026-11-30 at a load of 2 to 3."
 * @returns the page, and the titles that it has no place for
 */
export function putTables(page: string, output: string, when: string) {
  const unplaced: string[] = [];
  const known = new Map([...blocksOf(page)].map((block) => [block.title, block.text]));
  for (const { title, text } of blocksOf(output)) {
    const old = known.get(title);
    const [made] = table.exec(text) ?? [];
    if (old === undefined || made === undefined) {
      unplaced.push(title);
      continue;
    }
    const [said] = rounds.exec(text) ?? [];
    const put = old.replace(stamp, "")
      .replace(rounds, (before) => said ?? before)
      .replace(table, () => `${when}\n\n${made.trimEnd()}\n`);
    page = page.replace(old, () => put);
  }
  return { page, unplaced };
}

/** A picture of a comparison: its file below docs/, and the drawing. */
export interface Picture {
  file: string;
  svg: string;
}

const cellsOf = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());
const figureOf = (cell = "") => Number(cell.replace(/ ×$/, "").replaceAll(",", ""));

/** The bars of a table that has ratios; null where it has none, or where another table has the same figures. */
function readBars({ title, text }: Block): { baseline: string; bars: Bar[] } | null {
  const [head = "", , ...rows] = table.exec(text)?.[0].trimEnd().split("\n") ?? [];
  const column = cellsOf(head).findIndex((cell) => cell.startsWith("ratio to "));
  if (column < 0 || title.startsWith("The same, against")) return null;
  return {
    baseline: cellsOf(head)[column]!.slice("ratio to ".length),
    bars: rows.map(cellsOf).map((cells) => ({
      label: cells[0] ?? "",
      value: figureOf(cells[column]),
      worst: figureOf(cells[column + 1]),
    })),
  };
}

/** Draws each comparison of the page, and has the page show it below its table. */
export function drawComparisons(page: string): { page: string; pictures: Picture[] } {
  const pictures: Picture[] = [];
  for (const block of [...blocksOf(page)]) {
    const read = readBars(block);
    if (!read) continue;
    const words =
      `${block.section} ${block.title}`.toLowerCase().replaceAll(",", "").match(/[a-z0-9]+/g) ?? [];
    const file = `pictures/bench/${words.slice(0, 9).join("-")}.svg`;
    const title = `${block.title} (ratio to ${read.baseline})`;
    pictures.push({ file, svg: drawBars({ title, bars: read.bars }) });
    if (block.text.includes(`](${file})`)) continue;
    const shown = block.text.replace(
      table,
      (whole) => `${whole.trimEnd()}\n\n![${block.title}](${file})\n`,
    );
    page = page.replace(block.text, () => shown);
  }
  return { page, pictures };
}
