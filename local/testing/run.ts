import { startTestPgBouncer } from "../services/pgbouncer.ts";
import { type PostgresServer, startTestPostgres } from "../services/postgres.ts";
import { ServicesUnavailable } from "../services/root.ts";
import type { Stack } from "../stack.ts";
import { platformVersion } from "../edge/platform-deno.ts";
import {
  type DatabaseKind,
  parseArguments,
  type RedisKind,
  type SuiteName,
  USAGE,
} from "./arguments.ts";
import { findBrowser, findRedisKinds } from "./available.ts";
import { type Beside, planLanes, runBeside, tellBeside } from "./beside.ts";
import { type DenoTestOptions, PROJECT, runDenoTests, runDenoTestsApart } from "./deno-test.ts";
import { askForCommands, findUntouching } from "./redis-commands.ts";
import { findFreePort } from "../ports.ts";
import { hearAnswers } from "./answers.ts";
import {
  addCounts,
  exitCode,
  formatFailures,
  formatFile,
  formatSuites,
  formatTotal,
  type SuiteCounts,
  type SuiteResult,
} from "./report.ts";
import { runPgTapSuite, runRollbackSuite } from "./sql-suites.ts";
import { findTestFiles } from "./test-files.ts";
import { startTestStack, testEnvironment } from "./test-stack.ts";

const NAMES = { embedded: "the embedded database (PGlite)", real: "a real Postgres 17" };

/** What something that did not come to its end counts as. */
const FAILED: SuiteCounts = { passed: 0, failed: 1, skipped: 0, reasons: [] };

const selection = (() => {
  try {
    return parseArguments(Deno.args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    Deno.exit(2);
  }
})();
const lanes = planLanes(selection);
const wants = (suite: SuiteName) => lanes.own.includes(suite);
const results: SuiteResult[] = [];
/** What was asked for and could not run on this machine, and how to get it. */
const notRun: string[] = [];
const report = (error: unknown) =>
  console.error(error instanceof Error ? error.stack ?? error.message : error);
const say = (line: string) => console.log(`   ${line}`);

/** The browser of its suite; null where there is none, or nobody asked. */
let chromium: string | null = null;
/** The real server of the moment: it does not end with this process by itself. */
let running: PostgresServer | null = null;
/** What runs at the same time in processes of its own. */
let beside: Beside | null = null;

for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, interrupted);
await main();

async function main(): Promise<void> {
  // First of all: the local stack's own tests have some that need a Redis.
  const redisKinds = await findRedisKinds(selection.redis, say, notRun);
  // And the browser, also where its lane is another: two of them must not install at the same time.
  const browser = selection.suites.includes("browser") ? await findBrowser(say, notRun) : null;
  chromium = wants("browser") ? browser : null;
  beside = runBeside(lanes);
  if (wants("unit")) {
    await suite(
      "unit",
      "what needs no server, and the local stack itself",
      () => runFiles("unit", "embedded", {}),
    );
  }
  const needsDatabase = lanes.own.some((name) => name !== "unit");
  for (const database of needsDatabase ? selection.databases : []) {
    if (database === "real" && beside) continue;
    const server = database === "real" ? await startServer() : null;
    if (database === "real" && !server) continue;
    running = server;
    try {
      await runOn(database, server, redisKinds);
    } finally {
      running = null;
      await server?.remove();
    }
  }
  if (beside) {
    const told = await beside.end();
    results.push(...told.results);
    notRun.push(...told.notRun.filter((line) => !notRun.includes(line)));
  }
  conclude();
}

/** An interrupted run ends what would outlive it, and says what it had found until then. */
async function interrupted(): Promise<void> {
  results.push({ name: "interrupted", ...FAILED, seconds: 0 });
  beside?.interrupt();
  await running?.remove();
  conclude();
}

/** Prints what all suites came to, and ends with success only when nothing failed. */
function conclude(): never {
  if (tellBeside({ results, notRun })) Deno.exit(exitCode(results));
  console.log("");
  for (const line of formatSuites(results)) console.log(line);
  for (const line of notRun) console.log(`NOT RUN: ${line}`);
  for (const line of formatFailures(results)) console.log(line);
  console.log(formatTotal(results));
  Deno.exit(exitCode(results));
}

async function runOn(
  database: DatabaseKind,
  server: PostgresServer | null,
  redisKinds: RedisKind[],
): Promise<void> {
  /** Route files during which Redis was asked nothing: without it they would be the same once more. */
  const untouching = new Set<string>();
  for (const [index, redis] of redisKinds.entries()) {
    // What does not depend on Redis runs once for each database.
    const isFirst = index === 0;
    const needsStack = wants("routes") ||
      isFirst && (wants("pgtap") || wants("abuse") || wants("concurrency") && server);
    if (!needsStack && !chromium) continue;
    const where = `${database}, ${redis === "redis" ? "Redis" : "no Redis"}`;
    const program = chromium;
    if (program && isFirst) {
      // The example's page, to which the functions send people back from a provider of accounts on this machine.
      const port = findFreePort();
      const functionEnv = {
        GROUNDWORK_RETURN_ORIGINS: `http://127.0.0.1:${port}`,
        GROUNDWORK_ALLOW_PRIVATE_PROVIDERS: "true",
      };
      // People and their agents as the seed made them: the suites of routes leave much behind.
      await withStack(`${where}, as seeded`, server, redis, async (stack) => {
        const env = {
          ...testEnvironment(stack, server, database, redis),
          GROUNDWORK_TEST_CHROMIUM: program,
          GROUNDWORK_TEST_APP_PORT: String(port),
        };
        await suite(
          `browser (${database})`,
          "a page of another origin, in a real browser",
          () => runFiles("browser", database, env),
        );
      }, functionEnv);
    }
    if (!needsStack) continue;
    await withStack(where, server, redis, async (stack) => {
      const env = testEnvironment(stack, server, database, redis);
      if (wants("pgtap") && isFirst) {
        await suite(
          `pgtap (${database})`,
          `the database's own promises, on ${NAMES[database]}`,
          async () =>
            await runPgTapSuite(await demandFiles("pgtap", database), {
              url: stack.dbUrl,
              adminUrl: server?.adminUrl ?? stack.dbUrl,
            }, say),
        );
      }
      if (wants("routes")) {
        // One whole combination, with what the tests make in their own process, on the platform's Deno: the first one.
        const onPlatform = database === "embedded" && isFirst;
        await suite(
          `routes (${where}${onPlatform ? `, tests on Deno ${platformVersion}` : ""})`,
          `the functions, through supabase-js`,
          () => runRoutes(database, env, stack.redis?.port ?? null, untouching, onPlatform),
        );
      }
      if (wants("abuse") && isFirst) {
        await suite(
          `abuse (${database})`,
          "somebody runs into every bound, and their neighbour notices nothing",
          () => runFiles("abuse", database, env),
        );
      }
      if (wants("concurrency") && isFirst && server) {
        await suite(
          `concurrency (${database})`,
          "real concurrent sessions",
          () => runFiles("concurrency", database, env),
        );
      }
    });
  }
  if (wants("drills")) {
    await suite(
      `drills (${database})`,
      "what fails is really made to fail",
      () =>
        runFiles("drills", database, {
          GROUNDWORK_TEST_DATABASE: database,
          GROUNDWORK_TEST_REDIS: redisKinds.includes("redis") ? "redis" : "none",
        }),
    );
  }
  if (wants("rollbacks")) await runRollbacks(database, server);
}

/** Runs a suite, counts it, and turns an exception of its into a failure. */
async function suite(name: string, about: string, body: () => Promise<SuiteCounts>): Promise<void> {
  console.log(`\n── ${name}: ${about}`);
  const started = performance.now();
  const counts = await body().catch((error): SuiteCounts => {
    report(error);
    return { ...FAILED, reasons: [String(error)] };
  });
  results.push({ name, ...counts, seconds: (performance.now() - started) / 1000 });
}

/**
 * Runs the route files, each in a process of its own: files that speak to a shared stack must not share
 * more than that. With Redis it is noted which of them ask it nothing; without, those are left out.
 * All files with Redis get each answer that docs/openapi.json describes.
 */
async function runRoutes(
  database: DatabaseKind,
  env: Record<string, string>,
  redisPort: number | null,
  untouching: Set<string>,
  onPlatform: boolean,
): Promise<SuiteCounts> {
  const all = await demandFiles("routes", database);
  const files = redisPort === null ? all.filter((file) => !untouching.has(file)) : all;
  if (files.length < all.length) {
    say(`${all.length - files.length} files asked Redis nothing: they ran with it, and only there`);
  }
  await using answers = await hearAnswers();
  const options = showProgress(files, { ...env, ...answers.env }, onPlatform);
  const counts: SuiteCounts = { passed: 0, failed: 0, skipped: 0, reasons: [] };
  const run = async (file: string) => addCounts(counts, await runDenoTests([file], options));
  if (redisPort === null) { for (const file of files) await run(file); }
  else {
    const found = await findUntouching(
      files,
      run,
      () => askForCommands(redisPort),
      (file) => Deno.readTextFile(`${PROJECT}/${file}`),
    );
    for (const file of found) untouching.add(file);
    const missing = selection.match === "" ? await answers.listMissing() : [];
    const reasons = missing.map((one) => `no test got ${one}, which docs/openapi.json describes`);
    reasons.forEach(say);
    addCounts(counts, { passed: 0, failed: reasons.length, skipped: 0, reasons });
  }
  return counts;
}

async function runFiles(
  name: Parameters<typeof findTestFiles>[0],
  database: DatabaseKind,
  env: Record<string, string>,
): Promise<SuiteCounts> {
  const files = await demandFiles(name, database);
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0, reasons: [] };
  const run = name === "unit" ? runDenoTests : runDenoTestsApart;
  return await run(files, showProgress(files, env));
}

/** Each file that is over gets a line: how it went, how long it took, and how far the suite is. */
function showProgress(
  files: string[],
  env: Record<string, string>,
  onPlatform = false,
): DenoTestOptions {
  let over = 0;
  let last = performance.now();
  return {
    env,
    onPlatform,
    onFile: ({ file, passed, failed, skipped }) => {
      const now = performance.now();
      const seconds = (now - last) / 1000;
      over += 1;
      last = now;
      say(formatFile({ path: file, passed, failed, seconds }, over, files.length));
      for (const skippedOne of skipped) say(`  skipped: ${skippedOne}`);
    },
    say: (text) => say(`  ${text.trimEnd().replaceAll("\n", "\n     ")}`),
  };
}

/** A suite without files is an error, so that a moved folder does not look like success. */
async function demandFiles(
  name: Parameters<typeof findTestFiles>[0],
  database: DatabaseKind,
): Promise<string[]> {
  const files = await findTestFiles(name, database, selection.match);
  if (files.length === 0 && selection.match === "") throw new Error(`${name} has no test files`);
  return files;
}

async function runRollbacks(database: DatabaseKind, server: PostgresServer | null): Promise<void> {
  const dumps = server ? "by pg_dump and from the catalogue" : "from the catalogue";
  await suite(
    `rollbacks (${database})`,
    `each migration up → down → up, compared ${dumps}`,
    async () => {
      await server?.reset();
      const stack = await startTestStack({ server, redis: "none" });
      // A real database stays when the stack around it ends, and then nothing else touches it.
      if (server) await stack.stop();
      try {
        return await runRollbackSuite(stack.dbUrl, server?.adminUrl ?? null, say);
      } finally {
        if (!server) await stack.stop();
      }
    },
  );
}

/** Starts a stack on an empty database, lends it, and ends it; one that does not start is a failure. */
async function withStack(
  where: string,
  server: PostgresServer | null,
  redis: RedisKind,
  body: (stack: Stack) => Promise<void>,
  functionEnv: Record<string, string> = {},
): Promise<void> {
  console.log(`\n── stack (${where})`);
  const started = performance.now();
  try {
    await server?.reset();
    await using ends = new AsyncDisposableStack();
    const pooler = server ? await startTestPgBouncer(server.port) : null;
    if (pooler) ends.defer(() => pooler.remove());
    const stack = await startTestStack({
      ...{ server, poolerUrl: pooler?.url, redis },
      ...{ functionEnv, log: say },
    });
    ends.defer(() => stack.stop());
    await body(stack);
  } catch (error) {
    report(error);
    const seconds = (performance.now() - started) / 1000;
    results.push({ name: `stack (${where})`, ...FAILED, reasons: [String(error)], seconds });
  }
}

async function startServer(): Promise<PostgresServer | null> {
  try {
    return await startTestPostgres(say);
  } catch (error) {
    if (!(error instanceof ServicesUnavailable)) throw error;
    notRun.push(`a real Postgres 17, with all tests of concurrency: ${error.message}`);
    return null;
  }
}
