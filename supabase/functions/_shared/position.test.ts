import { assertDeepEquals, assertEquals } from "./asserts.ts";
import { formatPosition, parsePosition } from "./position.ts";

Deno.test("a place is read and written as Postgres does", () => {
  for (const text of ["0/0", "0/16B3748", "1/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"]) {
    assertEquals(formatPosition(parsePosition(text)!), text);
  }
  assertEquals(parsePosition("16/b374d848"), parsePosition("16/B374D848"));
});

Deno.test("places are compared as numbers, not as texts", () => {
  const ordered = ["0/9", "0/10", "0/FFFFFFFF", "1/0", "A/0", "10/0"];
  const sorted = ordered.toReversed().toSorted((a, b) =>
    parsePosition(a)! < parsePosition(b)! ? -1 : 1
  );
  assertDeepEquals(sorted, ordered);
});

Deno.test("anything else is no place", () => {
  for (const text of ["", "0", "0/", "/0", "0/123456789", "0/G", "-1/0", "0/1 ", "0/1/2"]) {
    assertEquals(parsePosition(text), undefined);
  }
});
