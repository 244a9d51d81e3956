/**
 * pg_cron works in one database of a server. A `--db-url` that names another is refused before
 * anything is made there, with what to do; the one that it names is taken, whatever its name.
 */
import assert from "node:assert/strict";
import { startTestPostgres } from "../../services/postgres.ts";
import { startStack } from "../../stack.ts";
import { connect } from "../connect.ts";
import { useServer } from "../server.ts";

const quiet = () => {};

Deno.test("a --db-url whose database pg_cron does not serve is refused first, and says what to do", async (test) => {
  const server = await startTestPostgres();
  const urlOf = (database: string) => server.adminUrl.replace(/\/postgres$/, `/${database}`);
  const set = async (...settings: string[]) => {
    const sql = connect(server.adminUrl);
    for (const setting of settings) await sql.unsafe(`alter system set ${setting}`);
    await sql.end();
    await server.stop();
    await server.start();
  };
  try {
    const sql = connect(server.adminUrl);
    await sql.unsafe("create database product");
    await sql.end();

    await test.step("another database than pg_cron's: named, both of them, and left as it was", async () => {
      const starting = startStack({
        dbUrl: urlOf("product"),
        stateDir: null,
        apiPort: 0,
        dbPort: 0,
        redis: "none",
      });
      await assert.rejects(
        starting,
        /names the database product, and pg_cron of that server works in postgres.*cron\.database_name = 'product'/,
      );
      const product = connect(urlOf("product"));
      const made = await product`
        select rolname as name from pg_roles where rolname in ('anon', 'authenticated')
        union all select nspname from pg_namespace where nspname in ('auth', 'storage', 'realtime')`;
      await product.end();
      assert.deepEqual([...made], []);
    });
    await test.step("the one that pg_cron serves is taken, whatever its name, and then no other", async () => {
      await set("cron.database_name = 'product'");
      const { url } = await useServer(urlOf("product"), quiet);
      assert.equal(new URL(url).pathname, "/product");
      await assert.rejects(
        useServer(urlOf("postgres"), quiet),
        /pg_cron of that server works in product/,
      );
    });
    await test.step("a server that does not preload pg_cron is told how", async () => {
      await set("shared_preload_libraries = 'pg_stat_statements'");
      await assert.rejects(
        useServer(urlOf("product"), quiet),
        /does not preload pg_cron.*shared_preload_libraries = 'pg_cron' and cron\.database_name = 'product'/,
      );
    });
  } finally {
    await server.remove();
  }
});
