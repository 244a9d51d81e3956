import { startTestPostgres } from "../services/postgres.ts";
import { ASSISTANT, installAssistant } from "../assistant/build.ts";
import { findWideLines } from "./wide-lines.ts";
import { exists } from "../services/processes.ts";
import { ServicesUnavailable } from "../services/root.ts";
import { PROJECT } from "../testing/deno-test.ts";
import { listMigrations } from "../testing/rollbacks.ts";
import { diffLines } from "../testing/schema-dump.ts";
import { startTestStack } from "../testing/test-stack.ts";
import { findUnbootable } from "./boots.ts";
import { bundleFunction, listFunctions } from "./bundles.ts";
import { lintDatabase } from "./database-lints.ts";
import { runDeno } from "./deno.ts";
import { findMadeTwice, findUndeclared } from "./function-declarations.ts";
import { findPhoneDataDrift } from "./generate-phone-data.ts";
import { generateFromMigrations, generateFromRoutes } from "./generate-types.ts";

/** A check says what is wrong; an empty list is good news. */
interface Check {
  name: string;
  run: () => Promise<string[]>;
}

/**
 * Where code lies that is ours; `.local` holds state. TypeScript alone: what runs others' programs as
 * they are published (`.mjs`) stands on packages that only it installs.
 */
const CODE = ["bench", "examples/assistant/agent", "local", "supabase", "types"].map((folder) =>
  `${folder}/**/*.ts`
);

const CHECKS: Check[] = [
  { name: "format (deno fmt --check)", run: checkFormat },
  { name: "no line of SQL or TypeScript is over 120 columns", run: findWideLines },
  { name: "lint (deno lint)", run: () => deno("lint", "--quiet") },
  { name: "types of the code (deno check)", run: checkTypes },
  { name: "types of the example's page (tsc)", run: checkPageTypes },
  { name: "every migration has a rollback, and every rollback a migration", run: checkPairs },
  { name: "every SQL function says volatility, search path and comment", run: checkFunctions },
  { name: "every SQL function and view is made once, in one chapter", run: checkHomes },
  {
    name: "every function bundles, with npm:, node: and own files, under 20 MB",
    run: checkBundles,
  },
  {
    name: "the chapters of telephone numbers are what libphonenumber says",
    run: findPhoneDataDrift,
  },
  {
    name: "every function boots on the platform's Deno, with nothing but its import map",
    run: () => findUnbootable(),
  },
  {
    name: "types/database.types.ts and docs/schema.md are what the migrations make",
    run: () => checkDrift(generateFromMigrations),
  },
  {
    name: "docs/openapi.json and docs/routes.md are what the functions' routes make",
    run: () => checkDrift(generateFromRoutes),
  },
  { name: "plpgsql_check and the platform's advisors, on a real Postgres 17", run: checkDatabase },
];

let failed = 0;
let notRun = 0;
for (const { name, run } of CHECKS) {
  const started = performance.now();
  try {
    const problems = await run();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${problems.length > 0 ? "FAILED" : "ok    "} ${name} (${seconds} s)`);
    for (const problem of problems) console.log(`  ${problem.trimEnd().replaceAll("\n", "\n  ")}`);
    if (problems.length > 0) failed += 1;
  } catch (error) {
    if (error instanceof ServicesUnavailable) {
      notRun += 1;
      console.log(`NOT RUN ${name}: ${error.message}`);
    } else {
      failed += 1;
      console.log(`FAILED ${name}`);
      console.error(error);
    }
  }
}
console.log(`check: ${CHECKS.length - failed - notRun} in order, ${failed} not, ${notRun} not run`);
Deno.exit(failed > 0 ? 1 : 0);

async function deno(...args: string[]): Promise<string[]> {
  const { success, stdout, stderr } = await runDeno(args);
  return success ? [] : [stdout + stderr];
}

/** Which files are not formatted; how they should look is for `npx deno fmt` to do, not to print. */
async function checkFormat(): Promise<string[]> {
  const [output] = await deno("fmt", "--check");
  const files = output?.match(/^from .*(?=:$)/gm) ?? [];
  return output ? ["npx deno fmt", ...(files.length > 0 ? files : [output])] : [];
}

async function checkTypes(): Promise<string[]> {
  await installAssistant(); // its agent stands on packages of its own
  return await deno("check", "--quiet", ...CODE);
}

/** It is made for browsers, and so is nothing for `deno check`. */
async function checkPageTypes(): Promise<string[]> {
  const { success, stdout } = await new Deno.Command(`${PROJECT}/node_modules/.bin/tsc`, {
    args: ["--project", ASSISTANT],
  }).output();
  return success ? [] : [new TextDecoder().decode(stdout)];
}

async function checkPairs(): Promise<string[]> {
  const problems: string[] = [];
  const migrations = await listMigrations();
  for (const name of migrations) {
    // The CLI reads the number as a time, and lists one that is none in another form.
    if (!/^\d{8}([01]\d|2[0-3])[0-5]\d[0-5]\d_[a-z0-9_]+\.sql$/.test(name)) {
      problems.push(`${name} is no name of a migration: YYYYMMDDHHmmss_subject.sql`);
    }
    if (!await exists(`${PROJECT}/supabase/rollbacks/${name}`)) {
      problems.push(`${name}: no rollback`);
    }
  }
  for await (const { name } of Deno.readDir(`${PROJECT}/supabase/rollbacks`)) {
    if (!migrations.includes(name)) problems.push(`rollbacks/${name} belongs to no migration`);
  }
  return problems;
}

// A function and no constant: what is above has begun before this line is read.
async function readMigrations() {
  return await Promise.all((await listMigrations()).map(async (name) => ({
    name,
    script: await Deno.readTextFile(`${PROJECT}/supabase/migrations/${name}`),
  })));
}

async function checkFunctions(): Promise<string[]> {
  return findUndeclared(await readMigrations());
}

async function checkHomes(): Promise<string[]> {
  return findMadeTwice(await readMigrations());
}

async function checkBundles(): Promise<string[]> {
  const names = await listFunctions();
  if (names.length === 0) return ["there are no functions"];
  const problems: string[] = [];
  for (const name of names) {
    const bundle = await bundleFunction(name);
    problems.push(...bundle.problems);
    console.log(`       ${name}: ${(bundle.bytes / 1024 / 1024).toFixed(1)} MB`);
  }
  return problems;
}

async function checkDrift(generate: () => Promise<Map<string, string>>): Promise<string[]> {
  const problems: string[] = [];
  for (const [file, text] of await generate()) {
    const kept = (await Deno.readTextFile(file).catch(() => "")).split("\n");
    const difference = diffLines(kept, text.split("\n"));
    if (difference.length === 0) continue;
    problems.push(`${file} differs in ${difference.length} lines: npm run types`);
    problems.push(...difference.slice(0, 10));
  }
  return problems;
}

async function checkDatabase(): Promise<string[]> {
  const server = await startTestPostgres();
  try {
    const stack = await startTestStack({ server, redis: "none" });
    await stack.stop();
    return await lintDatabase(server.adminUrl);
  } finally {
    await server.remove();
  }
}
