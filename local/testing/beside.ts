/**
 * Where both databases are asked for, the real one's suites run in processes of their own at the same time: the units
 * and the drills, which wait more than they compute, in one, and the others in another. Each suite alone keeps little
 * more than one core busy. What a process says is shown line by line as it comes, each marked, so that one sees how far
 * all have come.
 */
import type { Selection, SuiteName } from "./arguments.ts";
import { PROJECT } from "./deno-test.ts";
import type { SuiteResult } from "./report.ts";

/** What a run tells whoever started it beside its own. */
export interface Told {
  results: SuiteResult[];
  notRun: string[];
}

/** What goes on beside this run. */
export interface Beside {
  /** Waits for its end, and returns what it came to. */
  end(): Promise<Told>;
  interrupt(): void;
}

const RESULTS = "GROUNDWORK_TEST_RESULTS";

/** Runs that go on at the same time. */
export interface Lanes {
  /** The suites that the asking run keeps for itself. */
  own: SuiteName[];
  /** The others: what their lines begin with, and their command line. */
  beside: { mark: string; args: string[] }[];
}

const DRILLS_LANE: readonly SuiteName[] = ["unit", "drills"];

/** Who runs what: everything the asking run, where only one database is asked for. */
export function planLanes({ suites, databases, redis, match }: Selection): Lanes {
  const lane = (mark: string, names: SuiteName[]) => ({
    mark,
    args: [
      ...["--real", "--only", names.join(",")],
      ...(redis.length > 1 ? [] : [redis[0] === "none" ? "--no-redis" : "--redis"]),
      ...(match === "" ? [] : ["--match", match]),
    ],
  });
  if (databases.length < 2 || suites.every((name) => name === "unit")) {
    return { own: suites, beside: [] };
  }
  const others = suites.filter((name) => !DRILLS_LANE.includes(name));
  const drills = suites.filter((name) => DRILLS_LANE.includes(name));
  return {
    own: suites.filter((name) => name !== "unit"),
    beside: [
      ...(others.length > 0 ? [lane("real │ ", others)] : []),
      ...(drills.length > 0 ? [lane("unit, drills │ ", drills)] : []),
    ],
  };
}

/** Starts what runs beside this run; null where nothing does. */
export function runBeside({ beside }: Lanes): Beside | null {
  if (beside.length === 0) return null;
  const runs = beside.map(({ mark, args }) => startLane(mark, args));
  const marks = beside.map(({ mark }) => `"${mark.trimEnd()}"`).join(" and ");
  console.log(`The real database's suites run beside these; their lines begin with ${marks}.`);
  return {
    async end() {
      const told = await Promise.all(runs.map((run) => run.end()));
      return {
        results: told.flatMap(({ results }) => results),
        notRun: [...new Set(told.flatMap(({ notRun }) => notRun))],
      };
    },
    interrupt: () => runs.forEach((run) => run.interrupt()),
  };
}

function startLane(mark: string, args: string[]): Beside {
  const folder = Deno.makeTempDirSync({ prefix: "groundwork-tests-" });
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", `${PROJECT}/local/testing/run.ts`, ...args],
    env: { [RESULTS]: `${folder}/results` },
    cwd: PROJECT,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const hearing = Promise.all(
    [process.stdout, process.stderr].map((stream) => showMarked(stream, mark, console.log)),
  );
  return {
    async end() {
      const { code } = await process.status;
      await hearing;
      const told = await Deno.readTextFile(`${folder}/results`)
        .then((text) => JSON.parse(text) as Told)
        .catch((): Told => {
          const name = `the run of ${args.join(" ")}, which ended with ${code}`;
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
