/** `npm run local-stack`: makes all calls on both databases and writes what came of them into docs/local-stack.md. */
import { runDeno } from "../checks/deno.ts";
import { startTestPostgres } from "../services/postgres.ts";
import { makeCalls } from "./calls.ts";
import { type Outcomes, pagePath, writePage } from "./page.ts";
import { startWorld } from "./world.ts";

async function call(dbUrl: string | null): Promise<Outcomes> {
  await using world = await startWorld(dbUrl);
  const { outcomes, problems } = await makeCalls(world);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return outcomes;
}

const embedded = await call(null);
const server = await startTestPostgres(console.log);
try {
  const real = await call(server.adminUrl);
  await Deno.writeTextFile(
    pagePath,
    writePage(await Deno.readTextFile(pagePath), embedded, real),
  );
} finally {
  await server.remove();
}
await runDeno(["fmt", "--quiet", pagePath]);
console.log(`${pagePath}: ${embedded.size} calls on each database`);
Deno.exit(0);
