/**
 * Where both databases are asked for, the real one's suites run in a process of their own at the same time: each
 * database keeps little more than one core busy. What that process says is shown line by line as it comes, each marked,
 * so that one sees how far both have come.
 */
import type { Selection } from "./arguments.ts";
import { PROJECT } from "./deno-test.ts";
import type { SuiteResult } from "./report.ts";

/** What a run tells whoever started it beside its own. */
export interface Told {
  results: SuiteResult[];
  notRun: string[];
}

/** A run that goes on beside this one. */
export interface Beside {
  /** Waits for its end, and returns what it came to. */
  end(): Promise<Told>;
  interrupt(): void;
}

const RESULTS = "GROUNDWORK_TEST_RESULTS";

/** The arguments of the run beside; null where there is nothing to run at the same time. */
export function argumentsBeside({ suites, databases, redis, match }: Selection): string[] | null {
  const theirs = suites.filter((name) => name !== "unit");
  if (databases.length < 2 || theirs.length === 0) return null;
  return [
    ...["--real", "--only", theirs.join(",")],
    ...(redis.length > 1 ? [] : [redis[0] === "none" ? "--no-redis" : "--redis"]),
    ...(match === "" ? [] : ["--match", match]),
  ];
}

/** Starts the real database's suites beside this run, where both databases are asked for. */
export function runBeside(selection: Selection): Beside | null {
  const args = argumentsBeside(selection);
  if (!args) return null;
  const folder = Deno.makeTempDirSync({ prefix: "groundwork-tests-" });
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", `${PROJECT}/local/testing/run.ts`, ...args],
    env: { [RESULTS]: `${folder}/results` },
    cwd: PROJECT,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const hearing = Promise.all(
    [process.stdout, process.stderr].map((stream) => showMarked(stream, "real │ ", console.log)),
  );
  console.log('The real database\'s suites run beside these; their lines begin with "real │".');

  return {
    async end() {
      const { code } = await process.status;
      await hearing;
      const told = await Deno.readTextFile(`${folder}/results`)
        .then((text) => JSON.parse(text) as Told)
        .catch((): Told => {
          const name = `the real database's run, which ended with ${code}`;
          return { results: [{ name, passed: 0, failed: 1, skipped: 0, seconds: 0 }], notRun: [] };
        });
      await Deno.remove(folder, { recursive: true });
      return told;
    },
    interrupt() {
      try {
        process.kill("SIGTERM");
      } catch {
        // It has ended already.
      }
    },
  };
}

/** Shows a stream line by line, each with a mark before it; empty lines say nothing among another's. */
export async function showMarked(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  mark: string,
  show: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line !== "") show(mark + line);
  }
  if (rest !== "") show(mark + rest);
}

/** In a run beside another: tells that one. False in a run of its own. */
export function tellBeside(told: Told): boolean {
  const file = Deno.env.get(RESULTS);
  if (!file) return false;
  Deno.writeTextFileSync(file, JSON.stringify(told));
  return true;
}
