import { relative } from "node:path";
import { PROJECT } from "../testing/deno-test.ts";
import { startTestStack } from "../testing/test-stack.ts";
import { formatText } from "./format-text.ts";
import { SCHEMA_PAGE, writeSchemaPage } from "./generate-schema-page.ts";
import { collectRoutes } from "./routes/collect.ts";
import { readErrors } from "./routes/errors.ts";
import { OPENAPI_FILE, writeOpenApi } from "./routes/openapi.ts";
import { ROUTES_PAGE, writeRoutesPage } from "./routes/page.ts";
import { runSupabase } from "./supabase.ts";

/** Where the generated types are kept. */
export const TYPES_FILE = `${PROJECT}/types/database.types.ts`;

/** Generates the types of the public schema from a running database, by the CLI, formatted. */
export async function generateTypes(dbUrl: string): Promise<string> {
  const { code, stdout, stderr } = await runSupabase([
    "gen",
    "types",
    "--lang=typescript",
    "--schema=public",
    `--remote=${dbUrl}`,
  ]);
  if (code !== 0) throw new Error(`supabase gen types ended with ${code}:\n${stderr}`);
  return await formatText(stdout, "ts");
}

/** What is made of the migrations as they are now, from a database in memory: each file, and what belongs in it. */
export async function generateFromMigrations(): Promise<Map<string, string>> {
  const stack = await startTestStack({ redis: "none" });
  try {
    return new Map([
      [TYPES_FILE, await generateTypes(stack.dbUrl)],
      [SCHEMA_PAGE, await writeSchemaPage(stack.dbUrl)],
    ]);
  } finally {
    await stack.stop();
  }
}

/** What is made of the functions' routes as they are now: each file, and what belongs in it. */
export async function generateFromRoutes(): Promise<Map<string, string>> {
  const { routes, parts } = await collectRoutes();
  const errors = await readErrors();
  return new Map([
    [OPENAPI_FILE, await formatText(writeOpenApi(routes, parts, errors), "json")],
    [ROUTES_PAGE, await writeRoutesPage(routes, errors)],
  ]);
}

if (import.meta.main) {
  console.log("types: migrating a database in memory");
  for (const [file, text] of [...await generateFromMigrations(), ...await generateFromRoutes()]) {
    const before = await Deno.readTextFile(file).catch(() => "");
    await Deno.writeTextFile(file, text);
    console.log(
      `types: ${relative(PROJECT, file)} ${text === before ? "was up to date" : "written"}`,
    );
  }
  Deno.exit(0);
}
