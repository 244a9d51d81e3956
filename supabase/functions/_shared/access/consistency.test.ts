import { assertDeepEquals, assertRefused } from "../asserts.ts";
import { readConsistency } from "./consistency.ts";

Deno.test("a reader says how old an answer may be", () => {
  assertDeepEquals(
    [null, "cached", "fresh", "at-least:0", "at-least: 42", "at-least:1/A"].map(readConsistency),
    ["cached", "cached", "fresh", { atLeast: 0 }, { atLeast: 42 }, { atPosition: 0x1_0000_000an }],
  );
});

Deno.test("anything else is refused", async () => {
  for (
    const bad of [
      "",
      "FRESH",
      "at-least",
      "at-least:",
      "at-least:-1",
      "at-least:1.5",
      "at-least:x",
      "at-least:1/",
      "1/A",
    ]
  ) {
    await assertRefused(() => readConsistency(bad), 400, "invalid_parameter");
  }
});
