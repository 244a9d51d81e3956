import { fileURLToPath } from "node:url";

/** The project's folder. */
export const PROJECT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** What a run of `deno test` came to. */
export interface DenoTestResult {
  passed: number;
  failed: number;
  skipped: number;
}

/** A test that hangs shall fail the run, not hold it up. */
const LONGEST_RUN_MS = 5 * 60_000;

/** Runs test files in a `deno test` of their own, showing what it prints, and counts the outcome. */
export async function runDenoTests(
  files: string[],
  env: Record<string, string>,
  output: "inherit" | "null" = "inherit",
): Promise<DenoTestResult> {
  const report = await Deno.makeTempFile({ prefix: "groundwork-tests-", suffix: ".xml" });
  try {
    const limit = AbortSignal.timeout(LONGEST_RUN_MS);
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--allow-all", "--no-check", "--quiet", `--junit-path=${report}`, ...files],
      cwd: PROJECT,
      env: { ...env, ...(Deno.stdout.isTerminal() ? {} : { NO_COLOR: "1" }) },
      stdin: "null",
      stdout: output,
      stderr: output,
      signal: limit,
    }).spawn().status;
    if (limit.aborted) console.error(`ended, because it took ${LONGEST_RUN_MS / 60_000} minutes`);
    const result = countJUnit(await Deno.readTextFile(report));
    // A file that cannot be loaded fails the run without any test having failed.
    return code !== 0 && result.failed === 0 ? { ...result, failed: 1 } : result;
  } finally {
    await Deno.remove(report);
  }
}

/**
 * Runs each file in a process of its own: files that speak to a shared stack must not share more than
 * that, and one that hangs costs its own time only.
 */
export async function runDenoTestsApart(
  files: string[],
  env: Record<string, string>,
): Promise<DenoTestResult> {
  const total: DenoTestResult = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    const { passed, failed, skipped } = await runDenoTests([file], env);
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  return total;
}

/** Counts the test cases of a JUnit report. */
export function countJUnit(xml: string): DenoTestResult {
  const cases = [...xml.matchAll(/<testcase\b[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)];
  const having = (element: RegExp) => cases.filter(([, body = ""]) => element.test(body)).length;
  const failed = having(/<(failure|error)\b/);
  const skipped = having(/<skipped\b/);
  return { passed: cases.length - failed - skipped, failed, skipped };
}
