/** What a TAP stream said, counted. */
export interface TapResult {
  passed: number;
  /** Why it did not pass, one entry for each failure, with the diagnostics that followed. */
  failures: string[];
  /** Reasons of tests that were skipped: neither passed nor failed, and always shown. */
  skipped: string[];
}

/**
 * Reads the Test Anything Protocol strictly: a missing plan, a plan that does not fit the number of
 * tests, and numbers out of order are failures, and so is a failing test marked TODO.
 */
export function parseTap(lines: string[]): TapResult {
  const result: TapResult = { passed: 0, failures: [], skipped: [] };
  let planned: number | null = null;
  let ran = 0;
  let lastFailed = false;
  for (const line of lines.flatMap((text) => text.split("\n"))) {
    const test = /^(not )?ok\b\s*(\d+)?(?:\s*-?\s*(.*))?$/.exec(line);
    const plan = /^1\.\.(\d+)/.exec(line);
    if (test) {
      ran += 1;
      const [, not, number, description = ""] = test;
      const skip = /#\s*skip\S*\s*(.*)$/i.exec(description);
      lastFailed = not !== undefined;
      if (number !== undefined && Number(number) !== ran) {
        result.failures.push(`test ${ran} calls itself number ${number}: ${description}`);
      } else if (lastFailed) result.failures.push(`not ok ${ran} - ${description}`);
      else if (skip) result.skipped.push(skip[1] || description);
      else result.passed += 1;
    } else if (plan) {
      if (planned !== null) result.failures.push(`a second plan: ${line}`);
      planned = Number(plan[1]);
    } else if (line.startsWith("#") && lastFailed) {
      result.failures[result.failures.length - 1] += `\n${line}`;
    } else if (/^Bail out!/i.test(line)) {
      result.failures.push(line);
    }
  }
  if (planned === null) result.failures.push("no plan");
  else if (planned !== ran) result.failures.push(`planned ${planned} tests, ran ${ran}`);
  return result;
}
