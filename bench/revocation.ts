import { startBenchDatabase } from "./database.ts";
import { type Isolate, SEED, signIn, startIsolate } from "./isolates.ts";
import { formatFigure, formatTable, percentile } from "./measure.ts";

const REPETITIONS = 60;

/**
 * How long after a revocation was answered an isolate that had just said yes still says yes. The isolate is asked every
 * few milliseconds all along, so that its answer is as warm as it gets.
 */
export async function benchRevocation(): Promise<string> {
  const database = await startBenchDatabase({ redis: "auto" });
  const isolates: Isolate[] = [];
  try {
    const { stack } = database;
    isolates.push(await startIsolate("agents", stack), await startIsolate("agents", stack));
    const [reader, writer] = isolates.map(({ url }) => url);
    const juan = await signIn(stack, "juan@acme.example");
    const ben = await signIn(stack, "ben@acme.example");

    const isAllowed = async () => {
      const response = await fetch(`${reader}/agents/${SEED.hr}/access`, {
        headers: { authorization: `Bearer ${juan.token}` },
      });
      return (await response.json()).allowed as boolean;
    };
    const untilAllowedIs = async (wanted: boolean): Promise<number> => {
      const started = performance.now();
      while (await isAllowed() !== wanted) {
        if (performance.now() - started > 10_000) throw new Error(`still not ${wanted} after 10 s`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return performance.now() - started;
    };
    const throughFunction = async (canUse: boolean) => {
      const response = await fetch(`${writer}/agents/${SEED.hr}/access/${SEED.juan}`, {
        method: "PUT",
        headers: { authorization: `Bearer ${ben.token}`, "content-type": "application/json" },
        body: JSON.stringify({ can_use: canUse }),
      });
      if (response.status !== 200) throw new Error(`PUT answered ${response.status}`);
      await response.body?.cancel();
    };
    const throughTable = async (canUse: boolean) => {
      const { data, error } = await ben.client.from("permissions").update({ can_use: canUse })
        .eq("user_id", SEED.juan).eq("agent_id", SEED.hr).select();
      if (error || data.length !== 1) throw error ?? new Error("nothing was updated");
    };

    const rows: string[][] = [];
    for (
      const [name, write] of [["PUT …/access, another isolate", throughFunction], [
        "a direct table write",
        throughTable,
      ]] as const
    ) {
      const delays: number[] = [];
      for (let i = 0; i < REPETITIONS; i++) {
        await write(true);
        await untilAllowedIs(true);
        // At a moment of its own within the two seconds for which the isolate may keep its answer.
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 2000));
        await isAllowed();
        await write(false);
        delays.push(await untilAllowedIs(false));
      }
      rows.push([
        name,
        formatFigure(percentile(delays, 0.5)),
        formatFigure(percentile(delays, 0.99)),
        formatFigure(Math.max(...delays)),
      ]);
    }
    return [
      `### How long an isolate still says yes after a revocation was answered (${REPETITIONS} times)`,
      "",
      formatTable(["revoked by", "p50 ms", "p99 ms", "longest ms"], rows),
    ].join("\n");
  } finally {
    for (const isolate of isolates) await isolate.stop();
    await database.stop();
  }
}
