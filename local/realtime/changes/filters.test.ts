import assert from "node:assert/strict";
import { FilterError, readAsked, readConditions, toSql } from "./filters.ts";

Deno.test("conditions are read as PostgREST writes them", () => {
  const sql = (filter: string) => readConditions(filter).map((one) => toSql(one, "text"));
  assert.deepEqual(sql('a=eq.1,b=not.in.(x,"y,z"),c=is.null'), [
    `(row."a" = '1'::text)`,
    `not (row."b" in ('x'::text, 'y,z'::text))`,
    `(row."c" is null)`,
  ]);
  assert.deepEqual(sql(`a=like.x%,b=eq."it's \\"quoted\\""`), [
    `(row."a" like 'x%')`,
    `(row."b" = 'it''s "quoted"'::text)`,
  ]);
  assert.deepEqual(sql(" "), []);
});

Deno.test("what a client writes stays a value", () => {
  const [condition] = readConditions(`a"; drop table x=eq.'; drop table y; --\\`);
  assert.equal(
    toSql(condition!, "text"),
    `(row."a""; drop table x" = E'''; drop table y; --\\\\'::text)`,
  );
});

Deno.test("what is not a condition is refused", () => {
  const many = Array.from({ length: 101 }, (_, n) => n).join();
  for (const filter of ["undefined", "a=foo.1", "a=is.1", "=eq.1", `a=in.(${many})`]) {
    assert.throws(() => readConditions(filter), FilterError, filter);
  }
  assert.throws(() => readAsked({ event: "*" }), FilterError);
  assert.throws(() => readConditions(Array(21).fill("a=eq.1").join()), FilterError);
});
