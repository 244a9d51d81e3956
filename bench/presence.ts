import postgres from "postgres";
import { parseEnvironment } from "../supabase/functions/_shared/environment.ts";
import { createDatabase } from "../supabase/functions/_shared/database.ts";
import type { Scratchpad } from "../supabase/functions/_shared/scratchpad/scratchpad.ts";
import { createPostgresScratchpad } from "../supabase/functions/_shared/scratchpad/postgres.ts";
import { createRedisScratchpad } from "../supabase/functions/_shared/scratchpad/redis.ts";
import { startBenchDatabase } from "./database.ts";
import { compare, formatComparison } from "./measure.ts";

/** How often `work` is done in `seconds`, by `width` callers at once. */
async function rate(
  work: (n: number) => Promise<unknown>,
  seconds = 2,
  width = 64,
): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let done = 0;
  await Promise.all(Array.from({ length: width }, async () => {
    while (performance.now() < end) await work(done++);
  }));
  return done / seconds;
}

/**
 * Heartbeats and room reads through both scratchpads, as the function `presence` does them, beside an ordinary table.
 */
export async function benchPresence(): Promise<string> {
  const bench = await startBenchDatabase({ redis: "auto" });
  const environment = parseEnvironment((name) => bench.stack.functionEnv[name]);
  if (!environment.redis) throw new Error("this benchmark needs a redis-server");
  const database = createDatabase(environment);
  const pads: Record<string, Scratchpad> = {
    "Redis (over REST)": createRedisScratchpad(environment.redis, 5000),
    "Postgres, unlogged": createPostgresScratchpad(database),
  };
  const sql = postgres(environment.databaseUrl, {
    max: environment.poolSize,
    prepare: false, // as functions must behind a pooler in transaction mode
  });
  try {
    await bench.execute(`create schema bench; grant all on schema bench to postgres;
      create table bench.presence (workspace text, member text, info jsonb, ends_at timestamptz,
        primary key (workspace, member));
      grant all on bench.presence to postgres`);
    const info = { status: "online", at: "chat" };
    const member = (n: number) => `user:${n % 1000}`;
    const heartbeats = await compare(
      {
        title: "Presence heartbeats, 64 at once, 1,000 people",
        unit: "heartbeats/s",
        better: "more",
        baseline: "logged upsert",
      },
      [
        {
          name: "logged upsert",
          measure: () =>
            rate((n) =>
              sql`insert into bench.presence values ('w', ${member(n)}, ${
                sql.json(info)
              }, now() + interval '45 seconds')
                on conflict (workspace, member) do update set info = excluded.info, ends_at = excluded.ends_at`
            ),
        },
        ...Object.entries(pads).map(([name, pad]) => ({
          name,
          measure: () => rate((n) => pad.join("presence:w", member(n), info, 45)),
        })),
      ],
    );
    const tables = [formatComparison(heartbeats)];
    for (const size of [100, 10_000]) {
      for (const pad of Object.values(pads)) {
        for (let n = 0; n < size; n += 100) {
          await Promise.all(
            Array.from(
              { length: 100 },
              (_, i) => pad.join(`presence:room${size}`, `user:${n + i}`, info, 3600),
            ),
          );
        }
      }
      const reads = await compare(
        {
          title: `Reading a room of ${size.toLocaleString("en-US")}`,
          unit: "reads/s",
          better: "more",
          baseline: "Postgres, unlogged",
        },
        Object.entries(pads).map(([name, pad]) => ({
          name,
          measure: () => rate(() => pad.members(`presence:room${size}`), 2, 4),
        })),
      );
      tables.push(formatComparison(reads));
    }
    return tables.join("\n\n");
  } finally {
    await sql.end();
    await database.close();
    await bench.stop();
  }
}
