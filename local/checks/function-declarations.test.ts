import assert from "node:assert/strict";
import { findUndeclared } from "./function-declarations.ts";

const declared = `
create function private.one(n int) returns int
language sql immutable set search_path = '' as $$ select n; $$;
comment on function private.one(int) is 'One.';`;

const find = (script: string) => findUndeclared([{ name: "m.sql", script }]);

Deno.test("a function with volatility, search path and comment lacks nothing", () => {
  assert.deepEqual(find(declared), []);
});

Deno.test("each of the three is missed when it is left out", () => {
  assert.deepEqual(find(declared.replace("immutable", "")), [
    "m.sql:2 private.one lacks: volatility",
  ]);
  assert.deepEqual(find(declared.replace("set search_path = ''", "")), [
    "m.sql:2 private.one lacks: set search_path = ''",
  ]);
  assert.deepEqual(find(declared.replace(/comment.*/, "")), ["m.sql:2 private.one lacks: comment"]);
});

Deno.test("words in the body or in a comment do not count", () => {
  const inBody = declared.replace("immutable", "-- stable\n").replace(
    "select n",
    "select 'stable'",
  );
  assert.deepEqual(find(inBody), ["m.sql:2 private.one lacks: volatility"]);
});

Deno.test("a comment given by a later migration counts", () => {
  const [create = "", comment = ""] = declared.split(/(?=comment)/);
  const both = [{ name: "1.sql", script: create }, { name: "2.sql", script: comment }];
  assert.deepEqual(findUndeclared(both), []);
});
