import assert from "node:assert/strict";
import { splitStatements } from "./sql-statements.ts";

const texts = (script: string) => splitStatements(script).map(({ text }) => text);

Deno.test("statements end at semicolons, also the last one without", () => {
  assert.deepEqual(texts("begin; select 1;\nrollback"), ["begin;", "select 1;", "rollback"]);
});

Deno.test("a semicolon inside a string, a name, a body or a comment ends nothing", () => {
  for (
    const whole of [
      "select 'a;b''c;d';",
      String.raw`select E'a\';b';`,
      'select 1 as "a;b""c;";',
      "do $$ begin perform 1; end $$;",
      "do $body$ begin perform $$;$$; end $body$;",
      "select 1 -- not here; nor here\n;",
      "select /* a; /* nested; */ b; */ 1;",
    ]
  ) assert.deepEqual(texts(`${whole}\nselect 2;`), [whole, "select 2;"]);
});

Deno.test("a word that ends in e before a string does not make it an escape string", () => {
  assert.deepEqual(texts(String.raw`select x like'\'; select 2;`), [
    String.raw`select x like'\';`,
    "select 2;",
  ]);
});

Deno.test("a parameter such as $1 begins no dollar-quoted body", () => {
  assert.deepEqual(texts("prepare q as select $1; select 2; select $1$;"), [
    "prepare q as select $1;",
    "select 2;",
    "select $1$;",
  ]);
});

Deno.test("a statement's line is its own first line, not the one of the comment before", () => {
  const script = "-- why\n/* and\nhow */\nselect 1;\n\nselect\n2;";
  assert.deepEqual(splitStatements(script).map(({ line }) => line), [4, 6]);
});

Deno.test("a script of comments and blanks alone has no statements", () => {
  assert.deepEqual(texts("-- nothing\n  /* here */ \n"), []);
});
