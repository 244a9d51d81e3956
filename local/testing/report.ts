/** What one suite came to. */
export interface SuiteResult {
  name: string;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
}

/** What came to pass in a suite, before it has a name and a time. */
export type SuiteCounts = Omit<SuiteResult, "name" | "seconds">;

/** One line for each suite, in the order in which they ran. */
export function formatSuites(results: SuiteResult[]): string[] {
  const width = Math.max(0, ...results.map(({ name }) => name.length));
  return results.map(({ name, passed, failed, skipped, seconds }) => {
    const mark = failed > 0 ? "FAILED" : "ok";
    const skippedPart = skipped > 0 ? `, ${skipped} skipped` : "";
    return `${mark.padEnd(6)} ${name.padEnd(width)}  ${passed} passed, ${failed} failed` +
      `${skippedPart} (${seconds.toFixed(1)} s)`;
  });
}

/** The one line over all suites. */
export function formatTotal(results: SuiteResult[]): string {
  const sum = (of: "passed" | "failed") => results.reduce((total, result) => total + result[of], 0);
  return `${sum("passed")} passed, ${sum("failed")} failed`;
}

/** Success means that something ran and nothing failed. */
export function exitCode(results: SuiteResult[]): number {
  const ran = results.some(({ passed }) => passed > 0);
  return ran && results.every(({ failed }) => failed === 0) ? 0 : 1;
}

/** What one test file came to. */
export interface FileResult {
  path: string;
  passed: number;
  failed: number;
  seconds: number;
}

/** One line for each file that is over: how it went, and how far the suite has come. */
export function formatFile(
  { path, passed, failed, seconds }: FileResult,
  place: number,
  of: number,
): string {
  const mark = failed > 0 ? "FAILED" : "ok";
  const counts = failed > 0 ? `${passed} passed, ${failed} failed` : `${passed}`;
  return `${mark.padEnd(6)} [${
    String(place).padStart(String(of).length)
  }/${of}] ${path} (${counts}; ${seconds.toFixed(1)} s)`;
}
