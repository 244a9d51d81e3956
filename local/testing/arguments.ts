/** What a run of the tests covers. */
export interface Selection {
  suites: SuiteName[];
  databases: DatabaseKind[];
  redis: RedisKind[];
  /** Only test files whose path contains this. */
  match: string;
}

export type SuiteName = typeof SUITES[number];
export type DatabaseKind = "embedded" | "real";
export type RedisKind = "redis" | "none";

/** All suites, in the order in which they run. */
export const SUITES = [
  "unit",
  "pgtap",
  "routes",
  "abuse",
  "browser",
  "drills",
  "concurrency",
  "rollbacks",
] as const;

export const USAGE = `npm test                                   everything
npm test -- --only pgtap,routes            some of ${SUITES.join(", ")}
npm test -- --embedded | --real            one of the two databases
npm test -- --redis | --no-redis           one of the two fast memories
npm test -- --match presence               test files whose path contains this`;

/** Reads the command line; throws, saying what it did not understand. */
export function parseArguments(args: string[]): Selection {
  const selection: Selection = {
    suites: [...SUITES],
    databases: ["embedded", "real"],
    redis: ["redis", "none"],
    match: "",
  };
  const rest = args.flatMap((arg) => arg.startsWith("--") ? splitOnce(arg) : [arg]);
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--embedded") selection.databases = ["embedded"];
    else if (arg === "--real") selection.databases = ["real"];
    else if (arg === "--redis") selection.redis = ["redis"];
    else if (arg === "--no-redis") selection.redis = ["none"];
    else if (arg === "--only") selection.suites = (rest.shift() ?? "").split(",").map(parseSuite);
    else if (arg === "--match") selection.match = rest.shift() ?? "";
    else throw new Error(`unknown argument ${arg}`);
  }
  return selection;
}

function splitOnce(arg: string): string[] {
  const at = arg.indexOf("=");
  return at < 0 ? [arg] : [arg.slice(0, at), arg.slice(at + 1)];
}

function parseSuite(name: string): SuiteName {
  const suite = SUITES.find((known) => known === name);
  if (!suite) throw new Error(`unknown suite "${name}": there are ${SUITES.join(", ")}`);
  return suite;
}
