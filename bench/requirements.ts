/**
 * What the benchmarks need of the machine: looked for, and where it can be installed, before the first of them starts.
 */
import { provideProgram } from "../local/services/machine-programs.ts";
import { exists, tryRun } from "../local/services/processes.ts";
import { ensureRoot, ServicesUnavailable } from "../local/services/root.ts";
import { provideRedis } from "../local/testing/redis-program.ts";

type Log = (line: string) => void;

/** Provides something; answers with what to do about it where that does not succeed, otherwise with null. */
type Requirement = (log: Log) => Promise<string | null>;

/** Everything that a benchmark may need, by name. */
export type RequirementName = keyof typeof REQUIREMENTS;

/** A rival that npm has, in a folder of its own; `main` is the package that is asked for. */
async function installFolder(folder: string, main: string, log: Log): Promise<string | null> {
  const path = new URL(`./${folder}`, import.meta.url).pathname;
  if (await exists(`${path}/node_modules/${main}/package.json`)) return null;
  log(`installing ${main} (npm)`);
  const quietly = ["--no-audit", "--no-fund", "--loglevel=error"];
  const { code, stderr } = await tryRun("npm", ["install", ...quietly, `--prefix=${path}`])
    .catch((error) => ({ code: 1, stderr: String(error) }));
  const [why = ""] = stderr.split("\n");
  return code === 0 ? null : `the packages of bench/${folder}, which npm could not install: ${why}`;
}

const REQUIREMENTS = {
  async postgres(log: Log) {
    try {
      await ensureRoot(log);
      return null;
    } catch (error) {
      if (error instanceof ServicesUnavailable) return `a real Postgres 17: ${error.message}`;
      throw error;
    }
  },
  async redis(log: Log) {
    if (await provideRedis(log)) return null;
    return "Redis: install redis-server or valkey-server by your package manager";
  },
  async wrk(log: Log) {
    if (await provideProgram({ names: ["wrk"], package: "wrk" }, log)) return null;
    return "wrk, which makes the load of HTTP requests: install it by your package manager";
  },
  langgraph: (log: Log) => installFolder("langgraph", "@langchain/langgraph", log),
  pgflow: (log: Log) => installFolder("pgflow", "@pgflow/core", log),
} satisfies Record<string, Requirement>;

/** Provides all that these benchmarks need, each once. Returns a line for each that is missing. */
export async function provide(
  names: RequirementName[],
  log: Log,
  requirements: Record<string, Requirement> = REQUIREMENTS,
): Promise<string[]> {
  const missing: string[] = [];
  for (const name of new Set(names)) {
    const problem = await requirements[name]!(log);
    if (problem) missing.push(problem);
  }
  return missing;
}
