import assert from "node:assert/strict";
import { foreignImports } from "./bundles.ts";

const file = "file:///project/supabase/functions/agents/index.ts";
const graphOf = (specifier: string, target: string, isTypeOnly = false) =>
  JSON.stringify({
    modules: [{
      specifier: file,
      dependencies: [{ specifier, ...(isTypeOnly ? {} : { code: { specifier: target } }) }],
    }],
  });
const importMap = { hono: "npm:hono@4.0.0", far: "https://far.invalid/mod.ts" };

Deno.test("npm, node, mapped names and the functions' own files travel with a function", () => {
  for (
    const [specifier, target] of [
      ["npm:zod@4", "npm:zod@4"],
      ["node:crypto", "node:crypto"],
      ["hono", "file:///project/node_modules/hono/index.js"],
      ["hono/cors", "file:///project/node_modules/hono/cors.js"],
      ["../_shared/log.ts", "file:///project/supabase/functions/_shared/log.ts"],
    ] as const
  ) assert.deepEqual(foreignImports(graphOf(specifier, target), importMap), []);
});

Deno.test("what only this machine has, and what lies on other servers, does not", () => {
  for (
    const [specifier, target] of [
      ["redis", "file:///project/node_modules/redis/index.js"],
      ["../../../local/keys.ts", "file:///project/local/keys.ts"],
      ["far", "https://far.invalid/mod.ts"],
      ["https://far.invalid/mod.ts", "https://far.invalid/mod.ts"],
    ] as const
  ) {
    assert.deepEqual(foreignImports(graphOf(specifier, target), importMap), [
      `${file} imports ${specifier}`,
    ]);
  }
});

Deno.test("an import of types alone is gone at run time and does not count", () => {
  const graph = graphOf("../../../types/database.types.ts", "", true);
  assert.deepEqual(foreignImports(graph, importMap), []);
});
