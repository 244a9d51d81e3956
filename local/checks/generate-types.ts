import { PROJECT } from "../testing/deno-test.ts";
import { startTestStack } from "../testing/test-stack.ts";
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
  return await format(stdout);
}

async function format(source: string): Promise<string> {
  const formatter = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext=ts", "-"],
    cwd: PROJECT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = formatter.stdin.getWriter();
  await writer.write(new TextEncoder().encode(source));
  await writer.close();
  const { code, stdout, stderr } = await formatter.output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** The types of the migrations as they are now, from a database in memory. */
export async function generateTypesFromMigrations(): Promise<string> {
  const stack = await startTestStack({ redis: "none" });
  try {
    return await generateTypes(stack.dbUrl);
  } finally {
    await stack.stop();
  }
}

if (import.meta.main) {
  console.log("types: migrating a database in memory");
  const types = await generateTypesFromMigrations();
  const before = await Deno.readTextFile(TYPES_FILE).catch(() => "");
  await Deno.writeTextFile(TYPES_FILE, types);
  console.log(`types: types/database.types.ts ${types === before ? "was up to date" : "written"}`);
  Deno.exit(0);
}
