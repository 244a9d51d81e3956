/** What came to pass in a suite, or in a part of it. */
export interface SuiteCounts {
  passed: number;
  failed: number;
  skipped: number;
  /** Why something failed: each names the test and its place. */
  reasons: string[];
}

/** What one suite came to. */
export interface SuiteResult extends SuiteCounts {
  name: string;
  seconds: number;
}

/** Lines of a reason that are shown at the end; all of them stand where the test ran. */
const REASON_LINES = 20;

/** Adds what a part of a suite came to. */
export function addCounts(to: SuiteCounts, part: SuiteCounts): void {
  to.passed += part.passed;
  to.failed += part.failed;
  to.skipped += part.skipped;
  to.reasons.push(...part.reasons);
}

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

/** Says at the end of a long output what failed in it. */
export function formatFailures(results: SuiteResult[]): string[] {
  return results.filter(({ failed }) => failed > 0).flatMap(({ name, reasons }) => [
    `── what failed in ${name}`,
    ...reasons.flatMap((reason) => {
      const lines = reason.split("\n").filter((line) => line.trim() !== "");
      const more = lines.length - REASON_LINES;
      return [...lines.slice(0, REASON_LINES), ...more > 0 ? [`… ${more} more lines`] : []];
    }),
  ]);
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
