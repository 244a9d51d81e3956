/**
 * A worker of the drill, in a process of its own so that it can be killed. It writes down each
 * execution when it begins, and each completion when the database has acknowledged it.
 *
 *   deno run --allow-all work-worker.ts <database URL> <queue> <folder> <name>
 */
import { appendFile } from "node:fs/promises";
import postgres from "postgres";
import { postgresTransport, runWorker } from "../../../types/worker.ts";

const [url, queue, folder, name] = Deno.args as [string, string, string, string];
const sql = postgres(url, {
  max: 4,
  prepare: false,
  fetch_types: false,
  connect_timeout: 2,
  onnotice: () => {},
  backoff: () => 0.1,
});
const transport = postgresTransport(sql);
const worker = runWorker({
  queue,
  name,
  concurrency: 8,
  batch: 16,
  lease: 2,
  poll: { least: 0.02, most: 0.2 },
  transport: {
    ...transport,
    async complete(queue, held, outcome) {
      await transport.complete(queue, held, outcome);
      const lines = held.ids.map((id) => `${id} ${held.token}\n`);
      await appendFile(`${folder}/completed.log`, lines.join(""));
    },
  },
  onError: (error) => appendFile(`${folder}/errors.log`, `${name}: ${error}\n`),
  async handler({ id, attempts }) {
    await appendFile(`${folder}/executed.log`, `${id} ${attempts}\n`);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
    return { outcome: { outcome: `by ${name}` } };
  },
});
Deno.addSignalListener("SIGTERM", () => worker.stop());
await worker.finished;
await sql.end({ timeout: 1 });
Deno.exit(0);
