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

const LANGGRAPH = new URL("./langgraph", import.meta.url).pathname;

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
  async langgraph(log: Log) {
    if (await exists(`${LANGGRAPH}/node_modules/@langchain/langgraph/package.json`)) return null;
    log("installing LangGraph's packages (npm)");
    const quietly = ["--no-audit", "--no-fund", "--loglevel=error"];
    const { code, stderr } = await tryRun("npm", ["install", ...quietly, `--prefix=${LANGGRAPH}`])
      .catch((error) => ({ code: 1, stderr: String(error) }));
    const [why = ""] = stderr.split("\n");
    return code === 0 ? null : `LangGraph's packages, which npm could not install: ${why}`;
  },
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
