import assert from "node:assert/strict";
import { findMadeTwice, findUndeclared } from "./function-declarations.ts";

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

Deno.test("a function that a later chapter makes again, or that replaces, is found", () => {
  const first = { name: "1.sql", script: declared };
  const again = { name: "2.sql", script: declared.replace("create", "create or replace") };
  assert.deepEqual(findMadeTwice([first]), []);
  assert.deepEqual(findMadeTwice([first, { ...first, name: "2.sql" }]), [
    "2.sql:2 private.one is made in 1.sql",
  ]);
  assert.deepEqual(findMadeTwice([first, again]), ["2.sql:2 private.one is made in 1.sql"]);
  assert.deepEqual(findMadeTwice([again]), [
    "2.sql:2 private.one replaces: nothing is there to be replaced",
  ]);
});
