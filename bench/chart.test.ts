import { drawLineChart, ticksUpTo } from "./chart.ts";
import { deepStrictEqual, ok } from "node:assert";

Deno.test("ticks are round and reach the largest value", () => {
  deepStrictEqual(ticksUpTo(10), [0, 2, 4, 6, 8, 10]);
  deepStrictEqual(ticksUpTo(47_300), [0, 10_000, 20_000, 30_000, 40_000, 50_000]);
  deepStrictEqual(ticksUpTo(0.9), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  deepStrictEqual(ticksUpTo(0), [0, 1]);
});

Deno.test("a chart has a line for each series, its largest value at the top, and escapes labels", () => {
  const svg = drawLineChart({
    title: "Rates",
    x: "minutes",
    y: "jobs/s",
    series: [
      { label: "a < b", points: [[0, 0], [1, 10]] },
      { label: "c", points: [[0, 5], [1, 5]] },
    ],
  });
  ok(svg.includes('d="M64 316L704 40"'), "the first line runs from corner to corner");
  ok(svg.includes('d="M64 178L704 178"'), "the second in the middle");
  ok(svg.includes("a &lt; b"));
});
