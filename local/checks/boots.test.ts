import assert from "node:assert/strict";
import { makeProject } from "../fixture.ts";
import { findUnbootable } from "./boots.ts";

Deno.test("a function that needs what only the workspace has, or a newer Deno, does not boot", async () => {
  await using project = await makeProject({
    "functions/deno.json": `{ "imports": {} }`,
    "functions/fine/index.ts": `import "node:crypto"; Deno.serve(() => new Response("fine"));`,
    "functions/newer/index.ts":
      `import { hash } from "node:crypto"; Deno.serve(() => new Response(hash("md5", "")));`,
    "functions/unnamed/index.ts": `import { Hono } from "hono"; export default new Hono();`,
  });
  const problems = await findUnbootable(project.root);
  assert.deepEqual(problems.map((problem) => problem.split(":")[0]), ["newer", "unnamed"]);
});
