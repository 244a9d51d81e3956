import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type FileOutcome, findErrors, readDenoOutput } from "./deno-output.ts";
import { prepareForPlatform, runsOnPlatform } from "./platform-deno-test.ts";
import { addCounts, type SuiteCounts } from "./report.ts";
import { listen } from "./silence.ts";

/** The project's folder. */
export const PROJECT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

export interface DenoTestOptions {
  env?: Record<string, string>;
  /** Hears of each file that is over, in the order in which they end. */
  onFile?: (outcome: FileOutcome) => void;
  /** Hears what is to be shown: all about what failed, nothing about what passed. */
  say?: (text: string) => void;
  /** Milliseconds that a test may say nothing on a quiet machine. */
  quiet?: number;
  /** Runs them on the platform's Deno where they can be; one file at a time. */
  onPlatform?: boolean;
}

/** Who does not end when asked is ended. */
const GRACE_MS = 5_000;

/**
 * Runs test files in a `deno test` of their own and counts the outcome. A test that says nothing for
 * too long is given up, by its name, with the rest of its file; the files after it are run all the same.
 */
export async function runDenoTests(
  files: string[],
  options: DenoTestOptions = {},
): Promise<SuiteCounts> {
  const total: SuiteCounts = { passed: 0, failed: 0, skipped: 0, reasons: [] };
  for (let left = files; left.length > 0;) {
    const { begun, isCut, ...counts } = await runOnce(left, options);
    addCounts(total, counts);
    const others = left.filter((file) => !begun.has(resolve(PROJECT, file)));
    // Who never came to begin a file would not the next time either.
    left = isCut && others.length < left.length ? others : [];
  }
  return total;
}

/** Runs each file in a process of its own: files that speak to a shared stack must not share more than that. */
export async function runDenoTestsApart(
  files: string[],
  options: DenoTestOptions = {},
): Promise<SuiteCounts> {
  const total: SuiteCounts = { passed: 0, failed: 0, skipped: 0, reasons: [] };
  for (const file of files) addCounts(total, await runDenoTests([file], options));
  return total;
}

interface Run extends SuiteCounts {
  /** The files that it came to, from the root. */
  begun: Set<string>;
  isCut: boolean;
}

async function runOnce(files: string[], options: DenoTestOptions): Promise<Run> {
  const { env = {}, onFile = () => {}, say = () => {}, quiet } = options;
  const onPlatform = options.onPlatform && runsOnPlatform(files[0] ?? "");
  const report = await Deno.makeTempFile({ prefix: "groundwork-tests-", suffix: ".xml" });
  const heard: FileOutcome[] = [];
  const output = readDenoOutput((outcome) => {
    // There it is the file that loads it.
    if (onPlatform) outcome.file = files[0] ?? outcome.file;
    heard.push(outcome);
    onFile(outcome);
    if (outcome.failed > 0) say(outcome.text);
  });
  await using platform = onPlatform ? await prepareForPlatform(files[0] ?? "") : null;
  const process = new Deno.Command(platform?.program ?? Deno.execPath(), {
    args: [
      ...["test", "--allow-all", "--no-check", `--junit-path=${report}`],
      ...platform ? [...platform.args, platform.file] : files,
    ],
    cwd: PROJECT,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let cut = "";
  const listener = listen((seconds) => {
    const { file = "any file", running = null } = output.current() ?? {};
    const place = running === null ? `in ${file}` : `while "${running}" ran in ${file}`;
    cut = `given up: nothing for ${seconds} s, ${place}`;
    end(process);
  }, quiet);
  try {
    const [, complaints] = await Promise.all([
      follow(process.stdout, listener.heard, output.read),
      follow(process.stderr, listener.heard),
    ]);
    const { code } = await process.status;
    const last = output.current();
    if (last) heard.push(last);
    const begun = new Set(heard.map(({ file }) => resolve(PROJECT, file)));
    if (cut !== "") {
      const counts = sum(heard);
      const failed = { ...(last ?? NOTHING), failed: (last?.failed ?? 0) + 1, running: null };
      onFile(failed);
      say(`${failed.text}${cut}\n${complaints}`);
      const reasons = [cut];
      return { ...counts, failed: counts.failed + 1, reasons, begun, isCut: true };
    }
    const result = countJUnit(await Deno.readTextFile(report));
    // A file whose end was not recognized is shown all the same.
    if (last) {
      onFile(last);
      if (result.failed > 0) say(last.text);
    }
    // A file that cannot be loaded fails the run without any test having failed.
    if (code !== 0 && result.failed === 0) result.failed = 1;
    const told = output.rest() + complaints;
    if (result.failed > 0) say(told);
    return { ...result, reasons: result.failed > 0 ? findErrors(told) : [], begun, isCut: false };
  } finally {
    listener.end();
    await Deno.remove(report);
  }
}

const NOTHING: FileOutcome = {
  file: "",
  passed: 0,
  failed: 0,
  skipped: [],
  running: null,
  text: "",
};

type Counts = Omit<SuiteCounts, "reasons">;

function sum(outcomes: FileOutcome[]): Counts {
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of outcomes) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped.length;
  }
  return total;
}

/** Reads a stream to its end, and returns it. */
async function follow(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  ...hear: ((text: string) => void)[]
): Promise<string> {
  let all = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    all += text;
    for (const each of hear) each(text);
  }
  return all;
}

function end(process: Deno.ChildProcess): void {
  process.kill("SIGTERM");
  const timer = setTimeout(() => {
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended in this moment.
    }
  }, GRACE_MS);
  void process.status.then(() => clearTimeout(timer));
}

/** Counts the test cases of a JUnit report. */
export function countJUnit(xml: string): Counts {
  const cases = [...xml.matchAll(/<testcase\b[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)];
  const having = (element: RegExp) => cases.filter(([, body = ""]) => element.test(body)).length;
  const failed = having(/<(failure|error)\b/);
  const skipped = having(/<skipped\b/);
  return { passed: cases.length - failed - skipped, failed, skipped };
}
