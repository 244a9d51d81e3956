/** Charts as SVG, small enough to read in a diff and drawn the same way every time. */

/** One line: its points as [x, y]. */
export interface Series {
  label: string;
  points: [number, number][];
}

/** What a chart shows. Both axes begin at 0. */
export interface Chart {
  title: string;
  x: string;
  y: string;
  series: Series[];
}

const WIDTH = 720;
const HEIGHT = 360;
const PLOT = { left: 64, right: WIDTH - 16, top: 40, bottom: HEIGHT - 44 };
/** Told apart also by who sees no colours: a hue and a dash for each. */
const STYLES = [
  { color: "#1b6ca8", dash: "" },
  { color: "#1b6ca8", dash: "6 4" },
  { color: "#c4581c", dash: "" },
  { color: "#c4581c", dash: "6 4" },
  { color: "#3c8031", dash: "" },
  { color: "#3c8031", dash: "6 4" },
];

/** Writes a chart to a file, making its folder. */
export async function writeLineChart(file: URL, chart: Chart): Promise<void> {
  await Deno.mkdir(new URL(".", file), { recursive: true });
  await Deno.writeTextFile(file, drawLineChart(chart));
}

/** The chart as an SVG document. */
export function drawLineChart({ title, x, y, series }: Chart): string {
  const all = series.flatMap(({ points }) => points);
  const ticksX = ticksUpTo(Math.max(...all.map(([at]) => at), 0));
  const ticksY = ticksUpTo(Math.max(...all.map(([, value]) => value), 0));
  const placeX = (at: number) => PLOT.left + at / (ticksX.at(-1) ?? 1) * (PLOT.right - PLOT.left);
  const placeY = (value: number) =>
    PLOT.bottom - value / (ticksY.at(-1) ?? 1) * (PLOT.bottom - PLOT.top);
  const round = (value: number) => Number(value.toFixed(1));

  const grid = ticksY.map((value) =>
    `<path d="M${PLOT.left} ${round(placeY(value))}H${PLOT.right}" stroke="#d8d8d8"/>` +
    text(PLOT.left - 8, placeY(value) + 4, value.toLocaleString("en-US"), "end")
  );
  const below = ticksX.map((at) => text(placeX(at), PLOT.bottom + 18, String(at), "middle"));
  const lines = series.map(({ points }, number) => {
    const { color, dash } = styleOf(number);
    const path = points.map(([at, value]) => `${round(placeX(at))} ${round(placeY(value))}`);
    return `<path d="M${
      path.join("L")
    }" fill="none" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}"/>`;
  });
  const legend = series.map(({ label }, number) => {
    const { color, dash } = styleOf(number);
    const at = PLOT.bottom - 14 - 18 * (series.length - 1 - number);
    return `<path d="M${
      PLOT.left + 12
    } ${at}h28" stroke="${color}" stroke-width="2" stroke-dasharray="${dash}"/>` +
      text(PLOT.left + 48, at + 4, label, "start");
  });

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `font-family="system-ui, sans-serif" font-size="12" fill="#333">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${PLOT.left}" y="22" font-size="14" font-weight="600">${escape(title)}</text>`,
    ...grid,
    ...below,
    text(PLOT.right, PLOT.bottom + 36, x, "end"),
    text(PLOT.left - 8, PLOT.top - 10, y, "end"),
    ...lines,
    ...legend,
    "</svg>",
    "",
  ].join("\n");
}

/** A bar: how a variant compares, in the middle and at its worst. */
export interface Bar {
  label: string;
  value: number;
  worst: number;
}

const ROW = 28;
const BARS = { left: 250, right: WIDTH - 90, top: 40 };

/**
 * Ratios as bars; a stroke marks the worst round. Where they differ more than a hundredfold the scale is logarithmic.
 */
export function drawBars({ title, bars }: { title: string; bars: Bar[] }): string {
  const all = bars.flatMap(({ value, worst }) => [value, worst]).filter((one) => one > 0);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const isWide = most / least > 100;
  const share = (value: number) =>
    isWide ? Math.log(value / (least / 2)) / Math.log(most / (least / 2)) : value / most;
  const placeX = (value: number) =>
    Math.round(BARS.left + Math.max(0, share(value)) * (BARS.right - BARS.left));
  const height = BARS.top + bars.length * ROW + 28;
  const rows = bars.flatMap(({ label, value, worst }, number) => {
    const top = BARS.top + number * ROW;
    const { color } = styleOf(label.startsWith("Groundwork") ? 0 : 2);
    return [
      text(BARS.left - 8, top + 17, label, "end"),
      `<rect x="${BARS.left}" y="${top + 4}" width="${placeX(value) - BARS.left}" ` +
      `height="${ROW - 10}" fill="${color}"/>`,
      `<path d="M${placeX(worst)} ${top + 1}v${ROW - 4}" stroke="#333" stroke-width="2"/>`,
      text(Math.max(placeX(value), placeX(worst)) + 6, top + 17, `${value} ×`, "start"),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12" fill="#333">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="22" font-size="14" font-weight="600">${escape(title)}</text>`,
    ...rows,
    text(
      WIDTH - 12,
      height - 10,
      `bar: median ratio; stroke: worst round${isWide ? "; logarithmic" : ""}`,
      "end",
    ),
    "</svg>",
    "",
  ].join("\n");
}

function styleOf(number: number): { color: string; dash: string } {
  return STYLES[number % STYLES.length] ?? { color: "#333", dash: "" };
}

function text(x: number, y: number, words: string, anchor: string): string {
  return `<text x="${Math.round(x)}" y="${Math.round(y)}" text-anchor="${anchor}">${
    escape(words)
  }</text>`;
}

function escape(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Round steps (1, 2 or 5 times a power of ten) from 0 to the first at or above the largest value. */
export function ticksUpTo(largest: number): number[] {
  if (!(largest > 0)) return [0, 1];
  const rough = largest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? rough;
  return Array.from(
    { length: Math.ceil(largest / step - 1e-9) + 1 },
    (_, number) => Number((number * step).toPrecision(12)),
  );
}
