/**
 * `npm run import-drill [-- 100000]`: imports so many rows of a vendor's export on a real Postgres, kills the function
 * twelve times on the way, and waits each time until its lease has ended. `npm test` runs a short form.
 */
import { startTestPostgres } from "../../postgres.ts";
import { startTestStack, testEnvironment } from "../../../testing/test-stack.ts";

const rows = Number(Deno.args[0] ?? 100_000);
const kills = 12;
const seed = Number(Deno.args[1] ?? Math.floor(Math.random() * 2 ** 31));
const server = await startTestPostgres();
const stack = await startTestStack({ server, redis: "none" });
try {
  for (const [name, value] of Object.entries(testEnvironment(stack, server, "real", "none"))) {
    Deno.env.set(name, value);
  }
  // It reads the environment.
  const { drillImport } = await import("../../../../supabase/functions/tests/import-drill.ts");
  console.log(`${rows} rows, ${kills} kills, seed ${seed}`);
  const between = Math.max(1, Math.floor(rows / 500 / kills));
  const told = await drillImport({
    rows,
    seed,
    waits: true,
    say: console.log,
    stops: [
      ["before", "start_lead_import", 1],
      ...Array.from(
        { length: kills - 2 },
        (_, n) => [n % 2 ? "before" : "after", "import_lead_piece", between] as const,
      ),
      ["before", "finish_lead_import", 1],
    ],
  });
  console.log(JSON.stringify(told));
} finally {
  await stack.stop();
  await server.remove();
}
Deno.exit(0);
