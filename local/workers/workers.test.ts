import assert from "node:assert/strict";
import postgres from "postgres";
import { startBareDatabase, until } from "../fixture.ts";
import { startCronWorker, toCronerPattern } from "./cron.ts";
import { startHttpWorker } from "./http.ts";

const fail = (error: unknown) => {
  throw error;
};

Deno.test("requests that the database queues are sent, and answered in its tables", async (test) => {
  await using database = await startBareDatabase();
  const sql = postgres(database.url, { max: 2, onnotice: () => {} });
  await sql`create extension pg_net with schema extensions`;
  const received: { method: string; path: string; apikey: string | null; body: string }[] = [];
  const never = Promise.withResolvers<Response>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/slow") return await never.promise;
      received.push({
        method: request.method,
        path: pathname,
        apikey: request.headers.get("apikey"),
        body: await request.text(),
      });
      return Response.json({ ok: true }, { status: 201 });
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const answerTo = (id: unknown) =>
    until(
      "the answer",
      async () => (await sql`select * from net._http_response where id = ${id as string}`)[0],
    );

  const [early] = await sql`select net.http_get(${`${url}/before-the-worker`}) as id`;
  const worker = await startHttpWorker(sql, fail);

  await test.step("what was queued before the worker started is sent as well", async () => {
    assert.equal((await answerTo(early?.id)).status_code, 201);
  });

  await test.step("a post arrives with its body and headers, and its answer is kept", async () => {
    const [made] =
      await sql`select net.http_post(${`${url}/hook`}, '{"a": 1}', headers => '{"apikey": "k"}') as id`;
    const { status_code, content, content_type, timed_out, error_msg } = await answerTo(made?.id);
    assert.deepEqual({ status_code, content, content_type, timed_out, error_msg }, {
      status_code: 201,
      content: '{"ok":true}',
      content_type: "application/json",
      timed_out: false,
      error_msg: null,
    });
    assert.deepEqual(received.at(-1), {
      method: "POST",
      path: "/hook",
      apikey: "k",
      body: '{"a": 1}',
    });
    assert.equal((await sql`select count(*)::int as n from net.http_request_queue`)[0]?.n, 0);
  });

  await test.step("a request leaves when its transaction commits, and not when it is rolled back", async () => {
    await assert.rejects(sql.begin(async (transaction) => {
      await transaction`select net.http_get(${`${url}/rolled-back`})`;
      throw new Error("changed my mind");
    }));
    const [made] = await sql`select net.http_get(${`${url}/committed`}) as id`;
    await answerTo(made?.id);
    const paths = received.map(({ path }) => path);
    assert.ok(paths.includes("/committed"));
    assert.ok(!paths.includes("/rolled-back"));
  });

  await test.step("an answer that does not come in time is a timeout, a refused connection an error", async () => {
    const [slow] =
      await sql`select net.http_get(${`${url}/slow`}, timeout_milliseconds => 50) as id`;
    const late = await answerTo(slow?.id);
    assert.equal(late.timed_out, true);
    assert.match(late.error_msg, /50 ms/);
    const [refused] = await sql`select net.http_get('http://127.0.0.1:1/') as id`;
    const failed = await answerTo(refused?.id);
    assert.equal(failed.timed_out, false);
    assert.equal(failed.status_code, null);
    assert.ok(failed.error_msg);
  });

  await worker.stop();
  never.resolve(new Response());
  await server.shutdown();
  await sql.end();
});

Deno.test("pg_cron's schedules are translated to croner's", () => {
  assert.equal(toCronerPattern("10 seconds"), "*/10 * * * * *");
  assert.equal(toCronerPattern(" 1 second "), "*/1 * * * * *");
  assert.equal(toCronerPattern("0 15 * * *"), "0 15 * * *");
  assert.equal(toCronerPattern("0 0 $ * *"), "0 0 L * *");
});

Deno.test("jobs of the embedded database run when they are due", async (test) => {
  await using database = await startBareDatabase();
  const sql = postgres(database.url, { max: 2, onnotice: () => {} });
  await sql`create table public.ticks (at timestamptz default now(), who text default current_user)`;
  const worker = await startCronWorker(sql, fail);
  const runsOf = (name: string) =>
    sql`
      select d.status, d.return_message from cron.job_run_details as d join cron.job as j using (jobid)
      where j.jobname = ${name} and d.end_time is not null order by d.runid
    `;

  await test.step("a job scheduled while the worker runs is run again, and each run is recorded", async () => {
    await sql`select cron.schedule('tick', '1 seconds', 'insert into public.ticks default values')`;
    const runs = await until("two runs", async () => {
      const rows = await runsOf("tick");
      return rows.length >= 2 && rows;
    });
    assert.deepEqual(runs[0], { status: "succeeded", return_message: "INSERT 1" });
    assert.ok((await sql`select count(*)::int as n from public.ticks`)[0]?.n >= 2);
  });

  await test.step("a job runs as the one who scheduled it", async () => {
    assert.equal((await sql`select distinct who from public.ticks`)[0]?.who, "postgres");
  });

  await test.step("a job that fails says why, and what it had done is undone", async () => {
    await sql`
      select cron.schedule('broken', '1 seconds', 'insert into public.ticks (who) values (''broken''); select 1 / 0')`;
    const [run] = await until("a run", async () => {
      const rows = await runsOf("broken");
      return rows.length > 0 && rows;
    });
    assert.deepEqual(run, { status: "failed", return_message: "ERROR: division by zero" });
    assert.equal(
      (await sql`select count(*)::int as n from public.ticks where who = 'broken'`)[0]?.n,
      0,
    );
  });

  await test.step("an unscheduled job stops", async () => {
    await sql`select cron.unschedule('tick')`;
    await sql`select cron.unschedule('broken')`;
    await sql`select cron.schedule('after', '1 seconds', 'select 1')`;
    await sql`delete from public.ticks`;
    await until("two later runs of another job", async () => (await runsOf("after")).length >= 2);
    assert.equal((await sql`select count(*)::int as n from public.ticks`)[0]?.n, 0);
  });

  await worker.stop();
  await sql.end();
});
