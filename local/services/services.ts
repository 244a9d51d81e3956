import { describePgBouncer } from "./pgbouncer.ts";
import { preparePostgres } from "./postgres.ts";
import { describeRedis } from "./redis.ts";
import { ensureRoot, findRoot, ServicesUnavailable } from "./root.ts";

/** Where the services listen, all on 127.0.0.1. */
export const PORTS = { postgres: 54332, pgbouncer: 54339, redis: 54379 };

const USAGE =
  `npm run services             sets up (once) and starts Postgres 17, PgBouncer and Redis
npm run services -- status   says what runs
npm run services -- reset    empties the database
npm run services -- stop     ends them; the database is kept`;

/** `npm run services`: what real databases and caches are tested and measured on. */
async function main(command: string): Promise<number> {
  const log = (line: string) => console.log(`services: ${line}`);
  if (!["start", "status", "stop", "reset"].includes(command)) {
    console.error(USAGE);
    return 2;
  }
  const isQuestion = command === "status" || command === "stop";
  const root = isQuestion ? await findRoot() : await ensureRoot(log);
  if (!root) {
    console.log("Nothing runs: the services are not set up yet (npm run services).");
    return 0;
  }
  const postgres = await preparePostgres({ name: "main", port: PORTS.postgres, log });
  const redis = describeRedis(root, PORTS.redis);
  const pgbouncer = describePgBouncer(root, {
    name: "main",
    port: PORTS.pgbouncer,
    postgresPort: PORTS.postgres,
  });

  if (command === "start") {
    await Promise.all([postgres.start(), redis.start()]);
    await pgbouncer.start();
  } else if (command === "reset") {
    await postgres.reset();
  } else if (command === "stop") {
    await pgbouncer.stop();
    await Promise.all([postgres.stop(), redis.stop()]);
  }

  const state = async (service: { isRunning(): Promise<boolean> }) =>
    (await service.isRunning() ? "running" : "stopped").padEnd(8);
  console.log(`Postgres 17  ${await state(postgres)} ${postgres.adminUrl}`);
  console.log(`PgBouncer    ${await state(pgbouncer)} ${pgbouncer.url}`);
  console.log(`Redis        ${await state(redis)} ${redis.url}`);
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args[0] ?? "start"));
  } catch (error) {
    if (!(error instanceof ServicesUnavailable)) throw error;
    console.error(`The real services cannot run here: ${error.message}.`);
    Deno.exit(1);
  }
}
