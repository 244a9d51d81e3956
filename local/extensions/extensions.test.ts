import assert from "node:assert/strict";
import postgres from "postgres";
import { startBareDatabase } from "../fixture.ts";

Deno.test("the platform's missing extensions are there on the embedded database", async (test) => {
  await using database = await startBareDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await sql`create extension pg_net with schema extensions`;

  await test.step("they are extensions, in the schemas in which the platform has them", async () => {
    const rows = await sql`
      select e.extname as name, n.nspname as schema from pg_extension as e
      join pg_namespace as n on n.oid = e.extnamespace
      where e.extname in ('pg_cron', 'pg_net', 'supabase_vault') order by 1
    `;
    assert.deepEqual([...rows], [
      { name: "pg_cron", schema: "pg_catalog" },
      { name: "pg_net", schema: "extensions" },
      { name: "supabase_vault", schema: "vault" },
    ]);
  });

  await test.step("the vault keeps a secret under a name, updates it, and refuses a second one", async () => {
    const [made] = await sql`select vault.create_secret('s3cret', 'my_key', 'for a test') as id`;
    await sql`select vault.update_secret(${made?.id}, 'changed')`;
    const [read] =
      await sql`select decrypted_secret, description from vault.decrypted_secrets where name = 'my_key'`;
    assert.deepEqual(read, { decrypted_secret: "changed", description: "for a test" });
    await assert.rejects(sql`select vault.create_secret('other', 'my_key')`, { code: "23505" });
  });

  await test.step("a signed-in person reaches neither the vault nor the queue nor the jobs", async () => {
    for (const table of ["vault.decrypted_secrets", "net.http_request_queue", "cron.job"]) {
      await assert.rejects(
        sql.begin(async (transaction) => {
          await transaction`set local role authenticated`;
          await transaction.unsafe(`select * from ${table}`);
        }),
        { code: "42501" },
        table,
      );
    }
    const [mine] = await sql.begin(async (transaction) => {
      await transaction`set local role service_role`;
      return await transaction`select count(*)::int as n from vault.decrypted_secrets`;
    });
    assert.equal(mine?.n, 1);
  });

  await test.step("net.http_post queues what is to be sent, with the parameters in the URL", async () => {
    const [made] = await sql`
      select net.http_post('http://example.invalid/a', '{"b": 1}', '{"q": "x y&z", "é": "ü"}', '{"apikey": "k"}',
        1234) as id
    `;
    const [queued] = await sql`
      select method, url, headers, convert_from(body, 'UTF8') as body, timeout_milliseconds as timeout
      from net.http_request_queue where id = ${made?.id}
    `;
    assert.deepEqual(queued, {
      method: "POST",
      url: "http://example.invalid/a?q=x%20y%26z&%C3%A9=%C3%BC",
      headers: { apikey: "k", "Content-Type": "application/json" },
      body: '{"b": 1}',
      timeout: 1234,
    });
  });

  await test.step("cron.schedule replaces a job of the same name", async () => {
    const [first] = await sql`select cron.schedule('job', '* * * * *', 'select 1') as id`;
    const [again] = await sql`select cron.schedule('job', '10 seconds', 'select 2') as id`;
    assert.equal(again?.id, first?.id);
    const jobs = await sql`select schedule, command, active from cron.job where jobname = 'job'`;
    assert.deepEqual([...jobs], [{ schedule: "10 seconds", command: "select 2", active: true }]);
    assert.equal((await sql`select cron.unschedule('job') as gone`)[0]?.gone, true);
    await assert.rejects(sql`select cron.unschedule('job')`);
  });

  await test.step("cron.schedule refuses what is no schedule", async () => {
    for (const schedule of ["", "60 seconds", "0 seconds", "* * * *", "every day", "* * * * * *"]) {
      await assert.rejects(sql`select cron.schedule('bad', ${schedule}, 'select 1')`, {
        code: "22023",
      }, schedule);
    }
    for (
      const schedule of [
        "*/5 * * * *",
        "0 15 * * *",
        "59 seconds",
        "1 second",
        "0 0 1-7 jan,feb mon",
        "0 0 $ * *",
        "@daily",
      ]
    ) {
      await sql`select cron.schedule('good', ${schedule}, 'select 1')`;
    }
  });
  await sql.end();
});
