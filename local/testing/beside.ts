/**
 * Where both databases are asked for, the suites run in four lanes at the same time: what uses a stack of the embedded
 * database for long, what does so with the real one, and twice other suites, on one database after the other. Each
 * suite alone keeps half a core to one core busy, and the lanes take about as long as each other. What a process says
 * is shown line by line as it comes, each marked, so that one sees how far all have come.
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
  /** The others: what their lines begin with, and the command lines that run one after the other. */
  beside: { mark: string; runs: string[][] }[];
}

/** Suites that need no stack which others have used, as they share the lanes. */
const APART: readonly (readonly SuiteName[])[] = [
  ["unit", "drills"],
  ["browser", "rollbacks", "pgtap"],
];

/** Who runs what: everything the asking run, where only one database is asked for. */
export function planLanes({ suites, databases, redis, match }: Selection): Lanes {
  if (databases.length < 2 || suites.every((name) => name === "unit")) {
    return { own: suites, beside: [] };
  }
  const run = (database: string, names: SuiteName[]) =>
    names.length === 0 ? [] : [[
      ...[database, "--only", names.join(",")],
      ...(redis.length > 1 ? [] : [redis[0] === "none" ? "--no-redis" : "--redis"]),
      ...(match === "" ? [] : ["--match", match]),
    ]];
  const others = suites.filter((name) => !APART.flat().includes(name));
  const apart = APART.map((lane) => lane.filter((name) => suites.includes(name)))
    .filter((lane) => lane.length > 0);
  // Units do not depend on the database; where nothing else is asked for, this run takes a lane's embedded part.
  const embedded = apart.map((lane) => lane.filter((name) => name !== "unit"));
  const place = others.length > 0 ? -1 : embedded.findIndex((lane) => lane.length > 0);
  return {
    own: embedded[place] ?? others,
    beside: [
      { mark: "real │ ", runs: run("--real", others) },
      ...apart.map((lane, at) => ({
        mark: `${lane.join(", ")} │ `,
        runs: [...run("--real", lane), ...run("--embedded", at === place ? [] : embedded[at]!)],
      })),
    ].filter(({ runs }) => runs.length > 0),
  };
}

/** Starts what runs beside this run; null where nothing does. */
export function runBeside({ beside }: Lanes): Beside | null {
  if (beside.length === 0) return null;
  const runs = beside.map(({ mark, runs }) => startLane(mark, runs));
  const marks = beside.map(({ mark }) => `"${mark.trimEnd()}"`).join(" and ");
  console.log(`Other suites run beside these; their lines begin with ${marks}.`);
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

/** Runs one after the other. */
function startLane(mark: string, runs: string[][]): Beside {
  let isInterrupted = false;
  let current: Beside | null = null;
  const results = (async () => {
    const all: Told[] = [];
    for (const args of runs) {
      if (isInterrupted) break;
      current = startRun(mark, args);
      all.push(await current.end());
    }
    return all;
  })();
  return {
    async end() {
      const all = await results;
      return {
        results: all.flatMap(({ results }) => results),
        notRun: all.flatMap(({ notRun }) => notRun),
      };
    },
    interrupt() {
      isInterrupted = true;
      current?.interrupt();
    },
  };
}

function startRun(mark: string, args: string[]): Beside {
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
          const result = { name, passed: 0, failed: 1, skipped: 0, seconds: 0, reasons: [] };
          return { results: [result], notRun: [] };
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
