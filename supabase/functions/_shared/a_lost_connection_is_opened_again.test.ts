/**
 * A server that goes away within a transaction, played by one that speaks just enough of Postgres' protocol: so it
 * happens at the same point each time.
 */
import { assert, assertEquals } from "./asserts.ts";
import { createPool } from "./database-pool.ts";

const text = new TextEncoder();
function message(type: string, body: Uint8Array | number[] = []): number[] {
  const length = body.length + 4;
  return [...text.encode(type), 0, 0, length >> 8, length & 255, ...body];
}
const ended = (tag: string, state: string) => [
  ...message("1"),
  ...message("2"),
  ...message("n"),
  ...message("C", [...text.encode(tag), 0]),
  ...message("Z", text.encode(state)),
];

/** Says `hello`, and then answers every query with no rows, until it is told to go away after the next `begin`. */
function startServer() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const server = {
    goesAway: false,
    isSilent: false,
    url: `postgresql://tests:-@127.0.0.1:${(listener.addr as Deno.NetAddr).port}/tests`,
    close: () => listener.close(),
  };
  async function speak(connection: Deno.Conn): Promise<void> {
    const bytes = new Uint8Array(65_536);
    const say = (said: number[]) => connection.write(new Uint8Array(said));
    await connection.read(bytes);
    if (!server.isSilent) {
      await say([...message("R", [0, 0, 0, 0]), ...message("Z", text.encode("I"))]);
    }
    for (let count; (count = await connection.read(bytes)) !== null;) {
      const begins = /begin/i.test(new TextDecoder().decode(bytes.subarray(0, count)));
      await say(begins ? ended("BEGIN", "T") : ended("SELECT 0", "I"));
      if (begins && server.goesAway) break;
    }
    connection.close();
  }
  (async () => {
    for await (const connection of listener) speak(connection).catch(() => {});
  })();
  return server;
}
const environmentOf = (url: string) => ({
  databaseUrl: url,
  databaseTls: { tls: "disable" as const, caCerts: [] },
  poolSize: 1,
  pooled: true,
});
// The client's timers outlive a connection that was lost.
const untidy = { sanitizeOps: false, sanitizeResources: false };

Deno.test({
  name: "a connection that is lost within a transaction is opened again, and the isolate lives",
  ...untidy,
  async fn() {
    const server = startServer();
    const pool = createPool(environmentOf(server.url));
    const transact = () =>
      pool.lend(
        () => ({
          query: () => undefined,
          result: pool.sql.begin(async (transaction) => {
            await new Promise((resolve) => setTimeout(resolve, 100)); // meanwhile the server goes away
            return await transaction`select 1`;
          }),
        }),
        1000,
        5000,
      );
    server.goesAway = true;
    const lost = await transact().then(() => "", (error) => error.code);
    assertEquals(lost, "CONNECTION_CLOSED");
    await new Promise((resolve) => setTimeout(resolve, 200)); // the client writes to what it has not any more
    server.goesAway = false;
    assertEquals((await transact()).length, 0);
    assertEquals(pool.figures().busy, 0);
    await pool.close();
    server.close();
  },
});

Deno.test({
  name: "after a connection that never came about the pool begins with a new one",
  ...untidy,
  async fn() {
    const server = startServer();
    const pool = createPool(environmentOf(server.url));
    const ask = () =>
      pool.lend(() => ({ query: () => undefined, result: pool.sql`select 1` }), 1000, 10_000);
    const before = pool.sql;
    server.isSilent = true;
    const refused = await ask().then(() => "", (error) => error.code);
    assertEquals(refused, "CONNECT_TIMEOUT");
    server.isSilent = false;
    assert(pool.sql !== before);
    assertEquals((await ask()).length, 0);
    await pool.close();
    server.close();
  },
});
