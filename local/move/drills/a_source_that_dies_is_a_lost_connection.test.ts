/** The target's server asks the source's while it subscribes. A source that dies then is no error of the program. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { startTestPostgres } from "../../services/postgres.ts";
import { connectSide } from "../connect.ts";
import { subscribe } from "../replicate.ts";

/** A way to a server that ends when something that contains `word` goes through it. */
async function openWay(word: string, to: number) {
  const way = createServer((client) => {
    const server = connect(to, "127.0.0.1");
    for (const end of [client, server]) end.on("error", () => {});
    server.pipe(client);
    client.on("data", (bytes) => {
      if (!bytes.includes(word)) server.write(bytes);
      else for (const end of [client, server]) end.destroy();
    });
  }).listen(0, "127.0.0.1");
  await once(way, "listening");
  return {
    url: `host=127.0.0.1 port=${
      (way.address() as AddressInfo).port
    } user=supabase_admin dbname=postgres`,
    [Symbol.dispose]: () => void way.close(),
  };
}

Deno.test("a source that dies while the target asks it is a lost connection, whatever Postgres calls it", async () => {
  const server = await startTestPostgres();
  const side = connectSide(server.adminUrl);
  try {
    await side.sql`create publication there for all tables`;
    for (const word of ["pg_catalog.set_config", "pg_publication", "CREATE_REPLICATION_SLOT"]) {
      using way = await openWay(word, server.port);
      await assert.rejects(subscribe(side, side, "there", way.url), { code: /^08/ }, word);
    }
    await assert.rejects(subscribe(side, side, "there", "host=127.0.0.1 port=1"), { code: /^08/ });
    await assert.rejects(subscribe(side, side, "two words", ""), { code: "42601" }, "all else is");
  } finally {
    await side.sql.end();
    await server.remove();
  }
});
