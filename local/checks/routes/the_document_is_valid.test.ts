import { deepStrictEqual, ok } from "node:assert";
import { Validator } from "@seriousme/openapi-schema-validator";
import { collectRoutes } from "./collect.ts";
import { readErrors } from "./errors.ts";
import { OPENAPI_FILE, writeOpenApi } from "./openapi.ts";

const { routes, parts } = await collectRoutes();
const errors = await readErrors();
const text = writeOpenApi(routes, parts, errors);

/** Everything that the document refers to. */
const findReferences = (document: string) =>
  [...document.matchAll(/"\$ref": ?"#\/([^"]+)"/g)].map(([, path = ""]) => path);

Deno.test("docs/openapi.json is a document of OpenAPI 3.2", async () => {
  const { valid, errors: found } = await new Validator().validate(JSON.parse(text));
  ok(valid, JSON.stringify(found, null, 2));
});

Deno.test("a document whose path parameter has no schema is none", async () => {
  const broken = JSON.parse(text);
  delete broken.paths["/work/{queue}/claim"].post.parameters[0].schema;
  const { valid } = await new Validator().validate(broken);
  ok(!valid);
});

Deno.test("what docs/openapi.json refers to is in it", async () => {
  const document = JSON.parse(await Deno.readTextFile(OPENAPI_FILE));
  const references = findReferences(JSON.stringify(document));
  ok(references.length > 0);
  const missing = references.filter((path) =>
    path.split("/").reduce((place, step) => place?.[step], document) === undefined
  );
  deepStrictEqual(missing, []);
});

Deno.test("a handler that reads a body or a query says so", async () => {
  const folder = new URL("../../../supabase/functions/", import.meta.url);
  const silent: string[] = [];
  for (const name of new Set(routes.map((route) => route.function))) {
    for await (const file of Deno.readDir(new URL(`${name}/`, folder))) {
      if (!file.isFile || /\.test\.ts$/.test(file.name)) continue;
      const source = await Deno.readTextFile(new URL(`${name}/${file.name}`, folder));
      if (/\bread(Body|Query)[<(]/.test(source) && !/^takes\(/m.test(source)) {
        silent.push(`${name}/${file.name}`);
      }
    }
  }
  // These read for handlers of other files, which say it.
  deepStrictEqual(silent, ["access/question.ts", "sessions/read-token.ts"]);
});

Deno.test("no function loads the schemas of its answers", async () => {
  const folder = new URL("../../../supabase/functions/", import.meta.url);
  const loading: string[] = [];
  for (const name of ["_shared/http", ...new Set(routes.map((route) => route.function))]) {
    for await (const file of Deno.readDir(new URL(`${name}/`, folder))) {
      if (!file.isFile || file.name === "answers.ts") continue;
      const source = await Deno.readTextFile(new URL(`${name}/${file.name}`, folder));
      const loads = /^import (?!type)[^;]*from "[^"]*\/(answers|answer-schemas)\.ts"/m;
      if (loads.test(source)) loading.push(`${name}/${file.name}`);
    }
  }
  deepStrictEqual(loading, []);
});

Deno.test("no two routes have one name, and each says what it does", () => {
  const names = routes.map(({ name }) => name);
  deepStrictEqual(names.length, new Set(names).size);
  deepStrictEqual(routes.filter(({ text }) => text === "").map(({ path }) => path), []);
});
