import { run } from "../local/services/processes.ts";
import { startBenchDatabase } from "./database.ts";
import { type Isolate, SEED, signIn, startIsolate } from "./isolates.ts";
import { compare, formatComparison } from "./measure.ts";

/** Requests per second of one URL: 32 connections, one thread, 3 s. Fails when anything but 2xx is answered. */
async function wrk(url: string, headers: Record<string, string>): Promise<number> {
  const given = Object.entries(headers).flatMap((
    [name, value],
  ) => ["--header", `${name}: ${value}`]);
  const load = ["--threads=1", "--connections=32", "--duration=3s"];
  const said = await run("wrk", [...load, ...given, url]);
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(said)?.[1];
  if (rate === undefined || /Non-2xx/.test(said)) throw new Error(`wrk ${url}:\n${said}`);
  return Number(rate);
}

/** `GET /agents/:id/access`, one isolate on one core, the load on the other. */
export async function benchAccess(): Promise<string> {
  const database = await startBenchDatabase({ redis: "auto" });
  const isolates: Isolate[] = [];
  try {
    const { stack } = database;
    const { token } = await signIn(stack, "juan@acme.example");
    const authorization = { authorization: `Bearer ${token}` };
    const start = async (kind: "bare" | "uncached" | "agents") => {
      const isolate = await startIsolate(kind, stack);
      isolates.push(isolate);
      return `${isolate.url}/agents/${SEED.hr}/access`;
    };
    const bare = await start("bare");
    const uncached = await start("uncached");
    const agents = await start("agents");
    const comparison = await compare(
      {
        title: "GET /agents/:id/access",
        unit: "requests/s",
        better: "more",
        baseline: "bare Hono",
      },
      [
        { name: "bare Hono", measure: () => wrk(bare, authorization) },
        { name: "Groundwork, warm", measure: () => wrk(agents, authorization) },
        {
          name: "Groundwork, fresh",
          measure: () => wrk(agents, { ...authorization, "x-consistency": "fresh" }),
        },
        { name: "uncached: verify, then RLS", measure: () => wrk(uncached, authorization) },
      ],
    );
    return [
      formatComparison(comparison),
      formatComparison({
        ...comparison,
        title: "The same, against the uncached endpoint",
        baseline: "uncached: verify, then RLS",
      }),
    ].join("\n\n");
  } finally {
    for (const isolate of isolates) await isolate.stop();
    await database.stop();
  }
}
