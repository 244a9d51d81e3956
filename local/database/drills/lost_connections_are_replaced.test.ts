/** Connections are lost on purpose within transactions: what stood on them goes on with others. */
import { createClient } from "@supabase/supabase-js";
import assert from "node:assert/strict";
import postgres from "postgres";
import { startApi } from "../../api/api.ts";
import { startAuth } from "../../auth/auth.ts";
import { readAuthSettings } from "../../auth/settings.ts";
import { until } from "../../fixture.ts";
import { loadKeys } from "../../keys.ts";
import { listen, startWorld } from "../../realtime/tests/listeners.ts";
import { startTestPostgres } from "../../services/postgres.ts";
import { createTokens } from "../../tokens.ts";
import { bootstrap } from "../bootstrap.ts";
import { connect } from "../connect.ts";
import { keepOpen } from "../lost-connections.ts";

const server = await startTestPostgres();
/** Ends what others have open. It is in no transaction itself. */
const killer = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
Deno.test.afterAll(async () => {
  await killer.end();
  await server.remove();
});

Deno.test("a client whose connection was lost within a transaction answers, and hears what it listens to", async () => {
  const sql = keepOpen((onclose) =>
    postgres(server.adminUrl, { max: 1, onnotice: () => {}, onclose })
  );
  const heard: string[] = [];
  await sql.listen("news", (said) => heard.push(said));
  const told = sql.begin(async (own) => {
    const [self] = await own`select pg_backend_pid() as pid`;
    await killer`select pg_terminate_backend(${self!.pid})`;
    await new Promise((resolve) => setTimeout(resolve, 100)); // until the client has seen it
    await own`select 'to a connection that is gone'`;
  });
  await assert.rejects(told, { code: "CONNECTION_CLOSED" });
  const [answer] = await until("an answer", () => sql`select 7 as n`.catch(() => null));
  assert.equal(answer!.n, 7);
  await killer`select pg_notify('news', 'still here')`;
  await until("the news", () => heard.includes("still here"));
  await sql.end();
});

Deno.test({
  name:
    "every door of the local stack answers on all its connections after some were lost in the middle",
  sanitizeResources: false, // the library of Realtime keeps timers
  sanitizeOps: false,
  async fn() {
    const { adminUrl } = server;
    const admin = connect(adminUrl);
    await bootstrap(admin);
    await admin.unsafe(
      `create policy "All read" on realtime.messages for select to authenticated using (true)`,
    );
    const keys = await loadKeys(null);
    const tokens = createTokens(keys, "http://api.example");
    const connections = 3;
    const about = { adminUrl, keys, tokens, apiUrl: "http://api.example", connections };
    const settings = await readAuthSettings("/nowhere", false);
    const auth = startAuth({ ...about, settings });
    const api = await startApi({ ...about, storageDir: await Deno.makeTempDir() });
    const world = await startWorld({ adminUrl, connections });
    const open = (url: string) =>
      createClient(url, keys.secretKey, { auth: { persistSession: false } });
    const asked = async (question: PromiseLike<{ error: unknown }>) => {
      const { error } = await question;
      if (error) throw error;
    };
    const [rest, people] = [open(api.origin), open(auth.origin)];
    await admin`create table public.things (id int)`;
    await admin`grant all on public.things to service_role`;
    await admin`notify pgrst`;
    const token = await world.mint(crypto.randomUUID());
    const names = ["postgres.js", "groundwork-storage", "groundwork-stack", "groundwork-realtime"];
    let n = 0;
    const doors: Record<string, () => Promise<unknown>> = {
      data: () => asked(rest.from("things").insert({ id: 1 })),
      storage: () => asked(rest.storage.from("none").list()),
      auth: () => asked(people.auth.admin.createUser({ email: `p${n++}@doors.example` })),
      realtime: async () => {
        const client = world.connect({ token });
        await client.setAuth();
        const listener = listen(client, `room ${n++}`, { private: true });
        try {
          await until("joined", () => listener.states.length > 0);
          assert.deepEqual(listener.states, ["SUBSCRIBED"]);
        } finally {
          await client.removeAllChannels();
          await client.disconnect();
        }
      },
    };
    for (const [name, ask] of Object.entries(doors)) {
      await until(name, () => ask().then(() => true, () => false));
    }
    // Until a transaction of each was met between two of its statements. Whose was met is left alone: it has what waits
    // refused first, and would not be met again for long.
    const met = new Set<string>();
    let isOver = false;
    const load = Object.values(doors).flatMap((ask) =>
      Array.from({ length: 2 * connections }, async () => {
        while (!isOver) await ask().catch(() => {});
      })
    );
    while (met.size < names.length) {
      const ended = await killer<{ name: string }[]>`
        select application_name as name, pg_terminate_backend(pid) from pg_stat_activity
        where state like 'idle in transaction%' and application_name in ${
        killer(names.filter((name) => !met.has(name)))
      }`;
      for (const { name } of ended) met.add(name);
    }
    isOver = true;
    await Promise.all(load);
    for (const [name, ask] of Object.entries(doors)) {
      await until(`${name} answers on all connections`, async () => {
        const asked = await Promise.allSettled(Array.from({ length: 2 * connections }, ask));
        return asked.every(({ status }) => status === "fulfilled");
      });
    }
    await world[Symbol.asyncDispose]();
    await api.stop();
    await auth.stop();
    await admin.end();
  },
});
