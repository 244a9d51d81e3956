/** What the heaviest requests take of an isolate: memory and processor, on the platform's own Deno. */
import { startBenchDatabase } from "./database.ts";
import { formatFigure, formatTable } from "./measure.ts";
import { type Footprint, given, startLoneFunction } from "./footprint/lone-function.ts";
import { type HeavyRequest, heavyRequests } from "./footprint/requests.ts";
import type { Stack } from "../local/stack.ts";

async function measure(request: HeavyRequest, stack: Stack): Promise<[Footprint, Footprint]> {
  await using alone = await startLoneFunction(request.function, stack);
  const small = { path: request.path, init: request.init, ...request.before };
  const before = await alone.measure(small.path, small.init, { mayFail: true });
  return [
    before,
    await alone.measure(request.path, request.init, {
      pause: request.pause ?? 0,
      mayFail: request.isRefused ?? false,
    }),
  ];
}

/** A table of all of them. */
export async function benchFootprint(): Promise<string> {
  const database = await startBenchDatabase({ redis: "none" });
  try {
    const rows: string[][] = [];
    for (const request of await heavyRequests(database)) {
      const [before, { answered, mebibytes, seconds }] = await measure(request, database.stack);
      rows.push([
        request.what,
        formatFigure(answered / 2 ** 20),
        formatFigure(before.mebibytes),
        formatFigure(mebibytes),
        formatFigure(seconds),
      ]);
      console.error(`bench: ${rows.at(-1)?.join(" · ")}`);
    }
    return [
      `### What one request takes of an isolate, which has ${given.mebibytes} MB and ${given.seconds} s`,
      "",
      formatTable(
        ["request", "answer, MiB", "a small one, MiB", "this one, MiB", "processor, s"],
        rows,
      ),
    ].join("\n");
  } finally {
    await database.stop();
  }
}
