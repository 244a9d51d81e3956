/**
 * What it costs a commit that somebody hears of it: broadcasts out of the database, followed in the
 * log or by notifications, beside the
 * same commits that nobody follows. `npx deno run -A bench/broadcasts.ts`
 */
import { bootstrap } from "../local/database/bootstrap.ts";
import { connect } from "../local/database/connect.ts";
import { startRealtime } from "../local/realtime/server.ts";
import { type PostgresServer, startTestPostgres } from "../local/services/postgres.ts";
import { ensureRoot } from "../local/services/root.ts";
import { pgbench } from "./pgbench.ts";

const script = `select realtime.send('{"n": 1}', 'bench', 'bench', true);\n`;
const clients = 8;
const seconds = 4;
const rounds = 3;

/** Transactions a second, nobody following and Realtime following, on a server of one `wal_level`. */
async function measure(server: PostgresServer, level: string): Promise<[number, number][]> {
  const sql = connect(server.adminUrl);
  await sql.unsafe(`alter system set wal_level = ${level}`);
  await sql.end();
  await server.stop();
  await server.start();
  const root = await ensureRoot(console.log);
  const rate = () => pgbench(root, script, { url: server.adminUrl, clients, seconds });
  const measured: [number, number][] = [];
  for (let round = 0; round < rounds; round++) {
    const alone = connect(server.adminUrl);
    await alone.unsafe(
      "drop trigger if exists groundwork_tell_of_message on realtime.messages; truncate realtime.messages; checkpoint",
    ).simple();
    await alone.end();
    const unfollowed = await rate();
    const realtime = await startRealtime({
      adminUrl: server.adminUrl,
      keys: { publishableKey: "sb_publishable_bench", secretKey: "sb_secret_bench" },
      verifyToken: () => Promise.reject(new Error("nobody joins")),
      connections: 2,
      limits: { eventsPerSecond: 1_000_000 },
    });
    const followed = await rate();
    await realtime.stop();
    measured.push([unfollowed, followed]);
  }
  return measured;
}

if (import.meta.main) {
  const server = await startTestPostgres(console.log);
  try {
    const sql = connect(server.adminUrl);
    await bootstrap(sql);
    await sql.end();
    for (const [level, how] of [["logical", "the log"], ["replica", "notifications"]] as const) {
      for (const [unfollowed, followed] of await measure(server, level)) {
        const numbers = [unfollowed, followed].map((number) => number.toFixed(0)).join(" → ");
        console.log(`${how}: ${numbers} commits/s (${(followed / unfollowed).toFixed(2)}×)`);
      }
    }
  } finally {
    await server.remove();
  }
}
