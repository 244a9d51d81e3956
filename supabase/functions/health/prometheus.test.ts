import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { cumulate, formatMetrics, nameSeries } from "./prometheus.ts";

Deno.test("labels are escaped as Prometheus wants them", () => {
  assertEquals(nameSeries({ name: "a" }), "a");
  assertEquals(
    nameSeries({ name: "a", labels: { x: 'a "word"', y: "two\nlines \\" } }),
    String.raw`a{x="a \"word\"",y="two\nlines \\"}`,
  );
});

Deno.test("each bucket has all below it, also those that nobody counted in", () => {
  const made = cumulate({
    'h_bucket{function="f",le="1"}': 2,
    'h_bucket{function="f",le="+Inf"}': 1,
    'h_sum{function="f"}': 9,
    other: 4,
  }, [0.5, 1, 2, Infinity]);
  assertDeepEquals(Object.fromEntries(made), {
    'h_sum{function="f"}': 9,
    other: 4,
    'h_bucket{function="f",le="0.5"}': 0,
    'h_bucket{function="f",le="1"}': 2,
    'h_bucket{function="f",le="2"}': 2,
    'h_bucket{function="f",le="+Inf"}': 3,
    'h_count{function="f"}': 3,
  });
});

Deno.test("a family is told once, with all its series, and nothing that has no family", () => {
  const text = formatMetrics(
    [
      { name: "h", type: "histogram", help: "Times." },
      { name: "none", type: "gauge", help: "Not measured." },
      { name: "a", type: "counter", help: "Things." },
    ],
    new Map([['a{x="1"}', 2], ["h_sum", 0.5], ["unknown", 1], ['h_bucket{le="1"}', 1], ["a", 3]]),
  );
  assertEquals(
    text,
    [
      ...["# HELP h Times.", "# TYPE h histogram", "h_sum 0.5", 'h_bucket{le="1"} 1'],
      ...["# HELP a Things.", "# TYPE a counter", 'a{x="1"} 2', "a 3", ""],
    ].join("\n"),
  );
});
