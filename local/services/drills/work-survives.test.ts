/**
 * Work under kills: producers and workers go on all the time, while workers, backends, PgBouncer and
 * Postgres itself are killed (SIGKILL). What was acknowledged is written down on disk, and in the end
 * the books must balance.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { createQueue } from "../../../supabase/functions/tests/queues.ts";
import { startStack } from "../../stack.ts";
import { startTestPgBouncer } from "../pgbouncer.ts";
import { startTestPostgres } from "../postgres.ts";
import { waitUntil } from "../processes.ts";

/** How often Postgres itself is killed. */
const ROUNDS = 20;
const WORKERS = 3;

type Connection = postgres.Sql<{ bigint: number }>;

const connect = (url: string): Connection =>
  postgres(url, {
    max: 2,
    prepare: false,
    fetch_types: false,
    connect_timeout: 2,
    onnotice: () => {},
    backoff: () => 0.1,
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
  });

const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Tries until it succeeds: what is asked is safe to ask twice. */
async function insist<T>(what: string, work: () => Promise<T>): Promise<T> {
  let result: T | undefined;
  await waitUntil(what, async () => {
    try {
      result = await work();
      return true;
    } catch {
      return false;
    }
  });
  return result!;
}

async function readLog(folder: string, name: string): Promise<[id: string, more: string][]> {
  const text = await Deno.readTextFile(`${folder}/${name}.log`);
  // A killed process may have left half a line, which acknowledges nothing.
  return text.slice(0, text.lastIndexOf("\n")).split("\n").map((line) =>
    line.split(" ") as [string, string]
  );
}

const unique = (texts: string[]) => [...new Set(texts)];

Deno.test("workers, backends, pool and Postgres are killed: nothing acknowledged is lost or done twice", async () => {
  await using ends = new AsyncDisposableStack();
  const server = await startTestPostgres();
  ends.defer(() => server.remove());
  const stack = await startStack({
    dbUrl: server.adminUrl,
    stateDir: null,
    apiPort: 0,
    dbPort: 0,
    redis: "none",
    seed: false,
  });
  const direct = stack.dbUrl;
  await stack.stop(); // the migrated database stays
  const pooler = await startTestPgBouncer(server.port);
  ends.defer(() => pooler.remove());
  const folder = await Deno.makeTempDir({ prefix: "groundwork-drill-" });
  ends.defer(() => Deno.remove(folder, { recursive: true }));
  const sql = connect(direct);
  ends.defer(() => sql.end({ timeout: 1 }));

  const queue = await createQueue(sql);
  await sql.unsafe(`
    create table public.drill_given_back (job_id bigint not null, attempt smallint not null, why text);
    create function public.note_given_back() returns trigger language plpgsql as $$
    begin
      insert into public.drill_given_back values (old.id, old.attempts, new.last_error);
      return null;
    end $$;
    create trigger note_given_back after update on public.${queue} for each row
      when (old.status = 'in_progress' and new.status = 'pending') execute function public.note_given_back()`);

  // Producers: what was acknowledged goes to the disk.
  let isOver = false;
  let produced = 0;
  const workspaces = [crypto.randomUUID(), crypto.randomUUID()];
  const producing = [direct, pooler.url].map(async (url) => {
    const own = connect(url);
    while (!isOver) {
      const titles = Array.from(
        { length: 1 + Math.floor(Math.random() * 8) },
        () => `${produced++}`,
      );
      const items = titles.map((title) => ({
        title,
        workspace_id: workspaces[produced % 2]!,
        max_attempts: 100,
      }));
      try {
        await own`select count(*) from private.enqueue_work(${queue}, ${own.json(items)})`;
        const lines = titles.map((title) => `${title} acknowledged\n`).join("");
        await Deno.writeTextFile(`${folder}/acknowledged.log`, lines, { append: true });
      } catch {
        await pause(50); // not acknowledged: it may be there or not
      }
      await pause(15);
    }
    await own.end({ timeout: 1 });
  });

  // Workers, each a process.
  const program = fileURLToPath(new URL("work-worker.ts", import.meta.url));
  const workers: Deno.ChildProcess[] = [];
  let started = 0;
  const startWorker = (place: number) => {
    const url = place === 0 ? direct : pooler.url;
    const name = `worker-${started++}`;
    workers[place] = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--no-check", "--quiet", program, url, queue, folder, name],
      stdin: "null",
    }).spawn();
  };
  for (let place = 0; place < WORKERS; place++) startWorker(place);
  ends.defer(async () => {
    for (const worker of workers) {
      try {
        worker.kill("SIGKILL");
      } catch { /* it has ended */ }
      await worker.status;
    }
  });

  // What pg_cron does each ten seconds, here more often.
  const releasing = (async () => {
    const own = connect(direct);
    while (!isOver) {
      await own`select private.release_expired_work()`.catch(() => {});
      await pause(300);
    }
    await own.end({ timeout: 1 });
  })();

  const killed = { workers: 0, backends: 0, pools: 0, servers: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    await pause(200 + Math.random() * 400);
    if (round % 2 === 0) {
      const place = Math.floor(Math.random() * WORKERS);
      workers[place]!.kill("SIGKILL");
      await workers[place]!.status;
      startWorker(place);
      killed.workers++;
    }
    if (round % 4 === 1) {
      const [row] = await insist("backends are terminated", () =>
        sql<{ n: number }[]>`
          select count(*) filter (where pg_terminate_backend(pid)) as n from pg_stat_activity
          where backend_type = 'client backend' and pid <> pg_backend_pid() and usename = current_user`);
      killed.backends += row!.n;
    }
    if (round % 4 === 3) {
      await pooler.kill();
      killed.pools++;
      await pause(100);
      await pooler.start();
    }
    await pause(100 + Math.random() * 400);
    await server.kill();
    killed.servers++;
    await pause(100);
    await server.start();
  }
  await pause(1000);
  const acknowledged = await readLog(folder, "acknowledged");
  // Producers end; workers go on until nothing is left.
  isOver = true;
  await Promise.all([...producing, releasing]);
  await waitUntil("everything is picked up", async () => {
    await sql`select private.release_expired_work()`.catch(() => {});
    const rows = await sql<{ n: number }[]>`
      select count(*) as n from public.${sql(queue)} where status in ('pending', 'in_progress')`
      .catch(() => []);
    await pause(200);
    return rows[0]?.n === 0;
  }, 40_000);
  for (const worker of workers) worker.kill("SIGTERM");
  const codes = await Promise.all(workers.map(async (worker) => (await worker.status).code));
  assert.deepEqual(codes, workers.map(() => 0), "workers stop when they are asked to");

  const rows = await sql<
    { id: number; title: string; status: string; attempts: number; claim_token: string }[]
  >`select id, title, status, attempts, claim_token from public.${sql(queue)} order by id`;
  const givenBack = await sql<{ job_id: number; attempt: number; why: string }[]>`
    select * from public.drill_given_back`;
  const executed = await readLog(folder, "executed");
  const completed = await readLog(folder, "completed");
  console.log(
    `killed ${JSON.stringify(killed)}; ${rows.length} jobs, ${acknowledged.length} acknowledged, ` +
      `${executed.length} executions, ${givenBack.length} given back`,
  );

  const titles = rows.map(({ title }) => title);
  assert.equal(new Set(titles).size, titles.length, "nothing is there twice");
  const known = new Set(titles);
  assert.deepEqual(
    acknowledged.filter(([title]) => !known.has(title)),
    [],
    "nothing acknowledged is lost",
  );
  assert.deepEqual(rows.filter(({ status }) => status !== "done"), [], "all of it is done");

  const tokens = new Map(rows.map(({ id, claim_token }) => [`${id}`, claim_token]));
  assert.deepEqual(
    completed.filter(([id, token]) => tokens.get(id) !== token),
    [],
    "what was acknowledged as done is done, and by that claim alone",
  );
  assert.equal(
    unique(executed.map((line) => line.join(" "))).length,
    executed.length,
    "no attempt is executed twice",
  );
  const ended = new Set(
    givenBack.filter(({ why }) => /lease of .* ended/.test(why)).map((row) =>
      `${row.job_id} ${row.attempt}`
    ),
  );
  const last = new Map(rows.map(({ id, attempts }) => [`${id}`, `${attempts}`]));
  assert.deepEqual(
    executed.filter(([id, attempt]) => last.get(id) !== attempt && !ended.has(`${id} ${attempt}`)),
    [],
    "each execution but the last of a job belongs to a lease that ended",
  );
  assert.ok(
    killed.servers === ROUNDS && rows.length > 500 && givenBack.length > 20,
    "it was a load",
  );
});
