import { deepStrictEqual, ok } from "node:assert";
import { drawComparisons, putTables } from "./document.ts";

const page = `## queue

### Claim jobs

5 interleaved rounds; jobs/s, more is better. Words that stay.

| variant    | median jobs/s | worst | ratio to rival | worst ratio |
| ---------- | ------------- | ----- | -------------- | ----------- |
| Groundwork | 10            | 9     | 2 ×            | 1 ×         |
| rival      | 5             | 5     | 1              | 1           |

Other words that stay.

### Not measured again

| a |
| - |
| 1 |
`;
const output = `## queue-again

### Claim jobs

7 interleaved rounds; jobs/s, more is better.

| variant    | median jobs/s | worst | ratio to rival | worst ratio |
| ---------- | ------------- | ----- | -------------- | ----------- |
| Groundwork | 30            | 20    | 3 ×            | 2 ×         |
| rival      | 10            | 10    | 1              | 1           |

### New

| b |
| - |
| 2 |
`;

Deno.test("a run's tables come into the page, and its words stay", () => {
  const once = putTables(page, output, "Run of one day.");
  const { page: put, unplaced } = putTables(once.page, output, "Run of another day.");
  deepStrictEqual(unplaced, ["New"]);
  for (
    const there of [
      "7 interleaved rounds; jobs/s, more is better. Words that stay.\n\nRun of another day.\n\n|",
      "| Groundwork | 30            | 20    | 3 ×            | 2 ×         |",
      "Other words that stay.",
      "| a |\n| - |\n| 1 |",
    ]
  ) ok(put.includes(there), `${there} in\n${put}`);
  for (const gone of ["one day", "5 interleaved", "| 9 "]) ok(!put.includes(gone), gone);
});

Deno.test("each comparison has a picture below its table, once", () => {
  const drawn = drawComparisons(page);
  deepStrictEqual(drawn.pictures.map(({ file }) => file), ["pictures/bench/queue-claim-jobs.svg"]);
  ok(
    drawn.page.includes("| 1           |\n\n![Claim jobs](pictures/bench/queue-claim-jobs.svg)\n"),
  );
  deepStrictEqual(drawComparisons(drawn.page).page, drawn.page);
  const { svg } = drawn.pictures[0]!;
  ok(svg.includes(">2 ×</text>") && svg.includes(">rival</text>"), svg);
});

Deno.test("the pictures of docs/benchmarks.md are those of its tables", async () => {
  const docs = new URL("../docs/", import.meta.url);
  const text = await Deno.readTextFile(new URL("benchmarks.md", docs));
  const { page: shown, pictures } = drawComparisons(text);
  deepStrictEqual(shown, text, "each comparison shows its picture");
  ok(pictures.length > 0);
  for (const { file, svg } of pictures) {
    deepStrictEqual(await Deno.readTextFile(new URL(file, docs)), svg, file);
  }
});
