import assert from "node:assert/strict";
import { dawdle, takeChance, withSessions, withWorkspace } from "./sessions.ts";

const SESSIONS = 16;
const KEYS = ["a", "b", "c", "d", "e", "f"];

interface Entry {
  memory_type: string;
  key: string;
  value: unknown;
  version: number;
}

const codeOf = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "PGRST"
    ? String(JSON.parse(error.message).code)
    : String(error);

Deno.test("of 16 who save the same new key at once, one does", async () => {
  await withSessions(SESSIONS, async (sessions, watcher) => {
    await withWorkspace(watcher, [{ role: "owner", count: 1 }], async (workspace) => {
      const answers = await Promise.all(sessions.map((sql, n) => {
        const entries = [{ memory_type: "state", key: "k", value: n, version: 0 }];
        return sql`select * from public.save_agent_memory(${workspace}, ${entries as never}::jsonb)`
          .then(() => "saved", codeOf);
      }));
      assert.equal(answers.filter((answer) => answer === "saved").length, 1);
      assert.equal(answers.filter((answer) => answer === "memory_conflict").length, SESSIONS - 1);
    });
  });
});

Deno.test("whoever counts up from what was loaded counts right, and nobody deadlocks", async () => {
  const chance = takeChance();
  await withSessions(SESSIONS, async (sessions, watcher) => {
    await withWorkspace(watcher, [{ role: "owner", count: 1 }], async (workspace) => {
      const counted: Record<string, number> = Object.fromEntries(KEYS.map((key) => [key, 0]));
      await Promise.all(sessions.map(async (sql) => {
        const mine = chance.fork();
        for (let round = 0; round < 15; round++) {
          const keys = mine.shuffle(KEYS).slice(0, 1 + mine.below(3));
          const loaded = await sql<{ key: string; value: number; version: number }[]>`
            select key, value, version from public.load_agent_memory(${workspace})`;
          await dawdle(mine, 2);
          const entries: Entry[] = keys.map((key) => {
            const known = loaded.find((one) => one.key === key);
            return {
              memory_type: "state",
              key,
              value: (known?.value ?? 0) + 1,
              version: known?.version ?? 0,
            };
          });
          const answer = await sql`
            select * from public.save_agent_memory(${workspace}, ${entries as never}::jsonb)`
            .then(() => "saved", codeOf);
          if (answer === "saved") { for (const key of keys) counted[key]!++; }
          else assert.equal(answer, "memory_conflict", `seed ${chance.seed}`);
        }
      }));
      const kept = await watcher<{ key: string; value: number; version: number }[]>`
        select key, value, version from public.load_agent_memory(${workspace})`;
      for (const { key, value, version } of kept) {
        assert.deepEqual([value, version], [counted[key], counted[key]], `seed ${chance.seed}`);
      }
      const [history] = await watcher`
        select count(*) as n from public.agent_memory_history where workspace_id = ${workspace}`;
      assert.equal(history?.n, Object.values(counted).reduce((sum, n) => sum + n, 0));
    });
  });
});
