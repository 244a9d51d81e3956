/** Reads what `deno test` prints while it runs: which file, which test, how each ended. */

/** What a test file came to, as far as one has heard. */
export interface FileOutcome {
  /** Relative to the project. */
  file: string;
  passed: number;
  failed: number;
  skipped: string[];
  /** The test that was begun and has not ended. */
  running: string | null;
  /** All that was printed about it. */
  text: string;
}

export interface DenoOutput {
  /** Takes the next part of the output. */
  read(text: string): void;
  /** The file that is not over, if there is one. */
  current(): FileOutcome | null;
  /** What belongs to no file: the errors of all at the end, or why nothing ran. */
  rest(): string;
}

const FILE = /^running \d+ tests? from (.+)$/;
const BEGUN = /^(\S.*) \.\.\.$/;
/** A step is indented: it counts, as it does in Deno's report, but is not what one looks for. */
const ENDED = /^(\s*)(.*) \.\.\. (ok|FAILED|ignored|cancelled)\b.*$/;
/** Who takes over a minute is told of on the line that waits for the ending; the ending then has a line of its own. */
const SLOW = /^(\s*\S.* \.\.\.)'.*' has been running for over \(.+\)$/;
const LATE = /^ (ok|FAILED|ignored|cancelled)\b.*\)$/;
const SUMMARY = /^( ERRORS $|(ok|FAILED) \| )/;
const OUTPUT_BEGINS = "------- output -------";
const OUTPUT_ENDS = "----- output end -----";

/** @param onFile hears of each file that is over */
export function readDenoOutput(onFile: (outcome: FileOutcome) => void): DenoOutput {
  let line = "";
  let isOutput = false;
  /** The beginning of a line whose ending comes on the next one. */
  let waiting = "";
  let current: FileOutcome | null = null;
  let outside = "";

  const endFile = () => {
    if (current) onFile(current);
    current = null;
  };
  const readLine = (text: string) => {
    const file = isOutput ? undefined : FILE.exec(text)?.[1];
    if (file !== undefined || !isOutput && SUMMARY.test(text)) endFile();
    if (file !== undefined) {
      const path = file.replace(/^\.\//, "");
      current = { file: path, passed: 0, failed: 0, skipped: [], running: null, text: "" };
    }
    if (!current) {
      outside += `${text}\n`;
      return;
    }
    current.text += `${text}\n`;
    if (text === OUTPUT_BEGINS) isOutput = true;
    if (!isOutput) {
      const slow = SLOW.exec(text)?.[1];
      readTest(current, slow ?? (LATE.test(text) ? waiting + text : text));
      waiting = slow ?? "";
    }
    // What a test writes need not end its line.
    if (text.endsWith(OUTPUT_ENDS)) isOutput = false;
  };
  return {
    read(text) {
      const lines = (line + text).split("\n");
      line = lines.pop()!;
      lines.forEach(readLine);
      // A test that has begun stands there without the end of its line.
      const begun = isOutput ? undefined : BEGUN.exec(line)?.[1];
      if (current && begun !== undefined) current.running = begun;
    },
    current: () => current,
    rest: () => outside + line,
  };
}

/** What failed in what Deno says at the end: an error for each test, or all of it where no test was to blame. */
export function findErrors(told: string): string[] {
  const [, errors] = / ERRORS \n([\s\S]*?)\n FAILURES \n/.exec(told) ?? [];
  if (errors === undefined) return [told];
  return errors.split(/\n(?=.+ => .+:\d+:\d+\n)/).map((error) => error.trim()).filter(Boolean);
}

function readTest(outcome: FileOutcome, line: string): void {
  const begun = BEGUN.exec(line)?.[1];
  if (begun !== undefined) {
    outcome.running = begun;
    return;
  }
  const [, indent, name = "", ending] = ENDED.exec(line) ?? [];
  if (ending === undefined || !line.endsWith(")")) return;
  if (ending === "ok") outcome.passed += 1;
  else if (ending === "ignored") outcome.skipped.push(name);
  else outcome.failed += 1;
  if (indent === "") outcome.running = null;
}
