import assert from "node:assert/strict";
import postgres from "postgres";
import { startBareDatabase, until } from "../fixture.ts";
import { concat, message, splitMessages, text } from "./wire.ts";

/** Clients of one database; each is one connection. */
function openClients(
  url: string,
  count: number,
  options: postgres.Options<Record<never, never>> = {},
) {
  return Array.from(
    { length: count },
    () => postgres(url, { max: 1, onnotice: () => {}, fetch_types: false, ...options }),
  );
}

const close = (clients: postgres.Sql[]) => Promise.all(clients.map((client) => client.end()));

Deno.test("the embedded database serves many clients at once", async (test) => {
  await using database = await startBareDatabase();
  const [one, two] = openClients(database.url, 2) as [postgres.Sql, postgres.Sql];
  await one`create table public.notes (id int primary key)`;

  await test.step("a query waits for another client's transaction instead of landing in it", async () => {
    const inserted = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const order: string[] = [];
    const transaction = one.begin(async (sql) => {
      await sql`insert into public.notes values (1)`;
      inserted.resolve();
      await goOn.promise;
      order.push("committing");
    });
    await inserted.promise;
    const reading = two`select count(*)::int as n from public.notes`.then(([row]) => {
      order.push("read");
      return row?.n;
    });
    goOn.resolve();
    await transaction;
    assert.equal(await reading, 1);
    assert.deepEqual(order, ["committing", "read"]);
  });

  await test.step("an error rolls one client back and leaves the other alone", async () => {
    await assert.rejects(
      one.begin(async (sql) => {
        await sql`insert into public.notes values (2)`;
        await sql`select 1 / 0`;
      }),
      { code: "22012" },
    );
    assert.deepEqual([...await two`select id from public.notes`], [{ id: 1 }]);
    assert.deepEqual([...await one`select 1 as n`], [{ n: 1 }]);
  });

  await test.step("unnamed statements of fifty clients do not meet", async () => {
    const clients = openClients(database.url, 50, { prepare: false });
    const answers = await Promise.all(
      clients.map((sql, i) => sql.unsafe(`select $1::int as c${i}`, [i], { prepare: false })),
    );
    answers.forEach(([row], i) => assert.deepEqual(row, { [`c${i}`]: i }));
    await close(clients);
  });

  await test.step("what one client has set is not set for another, and is still set for the first", async () => {
    await one`set role authenticated`;
    const who = async (sql: postgres.Sql) => (await sql`select current_user as name`)[0]?.name;
    assert.equal(await who(two), "postgres");
    assert.equal(await who(one), "authenticated");
    await one`reset role`;
    assert.equal(await who(one), "postgres");
  });

  await test.step("a client connects as the role it names", async () => {
    const url = database.url.replace("//postgres:postgres@", "//authenticator@");
    const [client] = openClients(url, 1) as [postgres.Sql];
    assert.equal((await client`select session_user as name`)[0]?.name, "authenticator");
    await assert.rejects(client`select * from auth.users`, { code: "42501" });
    await client.end();
    const [next] = openClients(database.url, 1) as [postgres.Sql];
    assert.equal((await next`select session_user as name`)[0]?.name, "postgres");
    await next.end();
  });

  await test.step("a client that leaves in the middle of a transaction leaves nothing behind", async () => {
    const port = Number(new URL(database.url).port);
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    const startup = concat([new Uint8Array([0, 0, 0, 9, 0, 3, 0, 0]), new Uint8Array(1)]);
    const insert = message("Q", text("begin; insert into public.notes values (3)"));
    await socket.write(concat([startup, insert]));
    let answer = "";
    const buffer = new Uint8Array(4096);
    while (!answer.includes("INSERT 0 1")) {
      answer += new TextDecoder().decode(buffer.subarray(0, await socket.read(buffer) ?? 0));
    }
    socket.close();
    assert.deepEqual([...await two`select id from public.notes`], [{ id: 1 }]);
  });

  await test.step("a client that leaves does not end what another has parsed and not yet bound", async () => {
    const { hostname, port } = new URL(database.url);
    using socket = await Deno.connect({ hostname, port: Number(port) });
    const heard: string[] = [];
    /** Waits for an answer of a type. */
    async function hear(type: string): Promise<void> {
      for (const part = new Uint8Array(65536); !heard.includes(type);) {
        const length = await socket.read(part);
        heard.push(...splitMessages(part.slice(0, length ?? 0)).messages.map(({ type }) => type));
      }
    }
    const startup = concat([
      new Uint8Array([0, 3, 0, 0]),
      ...["user", "postgres", "database", "postgres"].map(text),
      new Uint8Array(1),
    ]);
    await socket.write(message("", startup).subarray(1));
    await hear("Z");
    const leaving = openClients(database.url, 1)[0]!;
    await leaving`select ${1}::int as "prepared under a name"`;
    await leaving.listen("anything", () => {});
    const parse = message("P", text(""), text("select 1"), new Uint8Array(2));
    await socket.write(concat([parse, message("D", text("S")), message("H")]));
    await hear("T");
    await leaving.end();
    heard.length = 0;
    const bind = message("B", text(""), text(""), new Uint8Array(6));
    const execute = message("E", text(""), new Uint8Array(4));
    await socket.write(concat([bind, execute, message("S")]));
    await hear("Z");
    assert.deepEqual(heard, ["2", "D", "C", "Z"]);
  });

  await test.step("a notification reaches who listens, in whatever client it was raised", async () => {
    const heard = Promise.withResolvers<string>();
    const listener = await one.listen("news", heard.resolve);
    await two`select pg_notify('news', 'hello')`;
    assert.equal(await heard.promise, "hello");
    await listener.unlisten();
  });

  await test.step("COPY FROM STDIN, which would end PGlite, is refused with a reason", async () => {
    await assert.rejects(one.unsafe("copy public.notes from stdin").simple(), { code: "0A000" });
    assert.equal((await one`select 1 as n`)[0]?.n, 1);
  });

  await test.step("what one client has prepared by SQL is its own, also under the same name", async () => {
    await one.unsafe("prepare same as select 1 as n").simple();
    await two.unsafe("prepare same as select 2 as n").simple();
    assert.equal((await one.unsafe("execute same").simple())[0]?.n, 1);
    assert.equal((await two.unsafe("execute same").simple())[0]?.n, 2);
    const [third] = openClients(database.url, 1) as [postgres.Sql];
    await third.unsafe("prepare same as select 3").simple();
    await third.end();
    const [fourth] = openClients(database.url, 1) as [postgres.Sql];
    await assert.rejects(fourth.unsafe("execute same").simple(), { code: "26000" });
    await fourth.end();
  });

  await test.step("a client hears its own channels only, and another that stops listening stops nobody", async () => {
    const heard: string[] = [];
    const mine = await one.listen("mine", (payload) => heard.push(payload));
    const others = await two.listen("others", () => {});
    const shared = await two.listen("mine", () => {});
    await shared.unlisten();
    await others.unlisten();
    await two`select pg_notify('others', 'not for one'), pg_notify('mine', 'for one')`;
    await until("it is heard", () => heard.length > 0);
    assert.deepEqual(heard, ["for one"]);
    await mine.unlisten();
  });

  await test.step("what everybody would share is refused; what ends with its transaction is not", async () => {
    for (
      const sql of [
        "select pg_advisory_lock(1)",
        "select pg_try_advisory_lock(1)",
        "create temp table shared (id int)",
        "declare c cursor with hold for select 1",
      ]
    ) await assert.rejects(one.unsafe(sql).simple(), { code: "0A000" }, sql);
    await one.begin(async (sql) => {
      await sql`select pg_advisory_xact_lock(1)`;
      await sql`create temp table own (id int) on commit drop`;
      await sql`declare c cursor for select 1`;
    });
  });

  await test.step("two clients have cursors, temporary tables and locks of the same names", async () => {
    const read = (sql: postgres.Sql, value: number) =>
      sql.begin(async (sql) => {
        await sql`select pg_advisory_xact_lock(7)`;
        await sql`create temp table same (id int) on commit drop`;
        await sql`insert into same values (${value})`;
        await sql`declare c cursor for select id from same`;
        // Whoever else asks now waits until this one is through.
        await new Promise((resolve) => setTimeout(resolve, 50));
        return (await sql`fetch all from c`).map(({ id }) => id);
      });
    assert.deepEqual(await Promise.all([read(one, 1), read(two, 2)]), [[1], [2]]);
    await assert.rejects(two`select * from same`, { code: "42P01" });
    await assert.rejects(two.unsafe("fetch all from c").simple(), { code: "34000" });
    const [held] = await two`select count(*)::int as n from pg_locks where locktype = 'advisory'`;
    assert.equal(held?.n, 0);
  });

  await close([one, two]);
});

Deno.test("a client that sits in a transaction while others keep asking is ended, and named", async () => {
  const said: string[] = [];
  await using database = await startBareDatabase((reason) => said.push(reason));
  const [idler, ...others] = openClients(database.url, 4, {
    connection: { application_name: "a forgotten console" },
  });
  // postgres.js never answers `reserve` on a connection that has not been used.
  await idler?.unsafe("select 1").simple();
  const reserved = await idler?.reserve();
  await reserved?.unsafe("begin").simple();
  // They do not come all at once: each one who comes must not start the time anew.
  const answered = others.map(async (sql, i) => {
    await new Promise((resolve) => setTimeout(resolve, 3000 * i));
    return (await sql`select 1 as n`)[0]?.n;
  });
  assert.deepEqual(await Promise.all(answered), [1, 1, 1]);
  await until("it is named, which another thread tells", () => said.length > 0);
  assert.match(said[0] ?? "", /^a forgotten console .*25P03/);
  await close(others);
  await idler?.end({ timeout: 0 });
});
