import { deepStrictEqual, strictEqual } from "node:assert";
import {
  bootstrapInterval,
  compare,
  formatComparison,
  formatFigure,
  median,
  medianInterval,
  percentile,
} from "./measure.ts";

Deno.test("rounds are interleaved and the first is not counted", async () => {
  const order: string[] = [];
  const variant = (name: string) => ({ name, measure: () => Promise.resolve(order.push(name)) });
  const { figures } = await compare(
    { title: "t", unit: "u", better: "more", baseline: "a" },
    [variant("a"), variant("b")],
    2,
  );
  strictEqual(order.join(""), "ababab");
  strictEqual(figures.get("a")?.join(), "3,5");
});

Deno.test("ratios are those within each round, and the worst is the one that flatters least", () => {
  const figures = new Map([["plain", [100, 10]], ["ours", [50, 10]]]);
  const table = formatComparison({
    title: "t",
    unit: "x/s",
    better: "more",
    baseline: "plain",
    figures,
  });
  strictEqual(/\| ours +\| 10 +\| 10 +\| 0.5 × +\| 0.5 ×/.test(table), true, table);
});

Deno.test("median, percentile and figures", () => {
  strictEqual(median([3, 1, 2]), 2);
  strictEqual(median([4, 1, 2, 3]), 2);
  strictEqual(percentile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9), 9);
  strictEqual(formatFigure(12345.6), "12,300");
  strictEqual(formatFigure(0.012345), "0.0123");
});

Deno.test("the interval of a median is between two of the values, as the binomial has it", () => {
  const upTo = (many: number) => Array.from({ length: many }, (_, n) => many - n);
  deepStrictEqual(medianInterval(upTo(12)), [3, 10]); // 96.1 %; [4, 9] would be 85.4 %
  deepStrictEqual(medianInterval(upTo(20)), [6, 15]); // 95.9 %
  deepStrictEqual(medianInterval(upTo(6)), [1, 6]); // 96.9 %
  deepStrictEqual(medianInterval(upTo(5)), [NaN, NaN]);
});

Deno.test("an interval of starts is as wide as they differ, however many blocks each has", () => {
  const start = (figure: number) =>
    Array.from({ length: 50 }, (_, n) => figure + (n % 5 - 2) / 100);
  const alike = Array.from({ length: 9 }, () => start(1));
  const [low, high] = bootstrapInterval(alike, median);
  strictEqual(low >= 0.99 && low <= 1 && high >= 1 && high <= 1.01, true, `${low} to ${high}`);
  const differing = Array.from({ length: 9 }, (_, n) => start(n));
  const [least, most] = bootstrapInterval(differing, median);
  strictEqual(least < 3 && most > 5, true, `${least} to ${most}`);
});
