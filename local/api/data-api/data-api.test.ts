import { createClient } from "@supabase/supabase-js";
import assert from "node:assert/strict";
import postgres from "postgres";
import { startBareDatabase } from "../../fixture.ts";
import { loadKeys } from "../../keys.ts";
import { createTokens } from "../../tokens.ts";
import { startFront } from "../front.ts";
import { openPlainLite } from "../plain-lite.ts";

const schema = `
  create extension if not exists vector with schema extensions;
  create table public.teams (id int primary key, name text);
  create table public.people (id int primary key, name text);
  create table public.rooms (team_id int references public.teams, id int, name text, primary key (team_id, id));
  create table public.talks (
    id int primary key, team_id int references public.teams, room_id int,
    person_id int references public.people, note text,
    constraint room_is_of_the_team foreign key (team_id, room_id) references public.rooms (team_id, id)
  );
  create table public.members (
    team_id int references public.teams, person_id int references public.people,
    invited_by int references public.people,
    primary key (team_id, person_id)
  );
  create schema hidden;
  create table hidden.talks (id int primary key, elsewhere text);
  insert into public.teams values (1, 'one'), (2, 'two');
  insert into public.people values (1, 'Ada'), (2, 'Ben');
  insert into public.rooms values (1, 1, 'a'), (1, 2, 'b'), (2, 1, 'c');
  insert into public.talks values (1, 1, 2, 1, null), (2, 2, 1, 2, 'x');
  insert into public.members values (1, 1, null), (2, 2, 1);
  create domain public.list as jsonb check (jsonb_typeof(value) = 'array');
  create table public.values (id int primary key, any_json jsonb, list public.list, text text,
    flag boolean, price numeric(8, 2), at timestamptz, local timestamp, bytes bytea, ratio float8,
    vector extensions.vector(2), tags text[]);
  create function public.kind_of(value jsonb) returns text language sql as $$ select jsonb_typeof(value); $$;
  create function public.measure(vector extensions.vector) returns int
    language sql as $$ select extensions.vector_dims(vector); $$;
  create function public.settings(name text) returns text language sql as $$ select current_setting(name, true); $$;
  create table public.notes (id int primary key, kind text default 'plain', body text default 'empty', facts jsonb);
  grant all on all tables in schema public to service_role;
`;

/**
 * Each step shows what @supabase/lite does alone, beside what the stack makes of it: without the correction the step
 * fails.
 */
Deno.test("the Data API sees, relates, writes and waits as PostgREST does", async (test) => {
  await using database = await startBareDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await sql.unsafe(schema).simple();
  const keys = await loadKeys(null);
  const storageDir = await Deno.makeTempDir();
  const api = await startFront({
    adminUrl: database.adminUrl,
    keys,
    tokens: createTokens(keys, "http://api.example"),
    storageDir,
    connections: 2,
    apiUrl: "http://api.example",
  });
  const service = createClient(api.origin, keys.secretKey, { auth: { persistSession: false } });
  const anon = createClient(api.origin, keys.publishableKey, { auth: { persistSession: false } });
  const plain = openPlainLite(database.adminUrl, keys);
  const headers = { apikey: keys.secretKey, "content-type": "application/json" };
  const ask = async (path: string) =>
    await (await plain.fetch(`/rest/v1/${path}`, { headers })).json();

  await test.step("6. a table of the same name elsewhere lends ours no columns", async () => {
    const { data, error } = await service.from("teams").select("id, talks(*)").order("id");
    assert.equal(error, null);
    assert.deepEqual(Object.keys(data?.[0]?.talks[0] ?? {}), [
      "id",
      "team_id",
      "room_id",
      "person_id",
      "note",
    ]);
    assert.equal((await ask("teams?select=id,talks(*)")).code, "42703");
  });

  await test.step("7. a table with keys to both sides is no junction unless its primary key has them", async () => {
    const { data, error } = await service.from("rooms").select("name, teams(name)").order("name");
    assert.equal(error, null);
    assert.deepEqual(data?.[2], { name: "c", teams: { name: "two" } });
    const people = await service.from("teams").select("people!members_person_id_fkey(name)");
    assert.equal(people.error?.code, "PGRST200");
    const unrelated = await service.from("people").select("rooms(name)");
    assert.equal(unrelated.error?.code, "PGRST200");
    assert.deepEqual(await ask("people?select=rooms(name)&id=eq.1"), [{ rooms: [{ name: "b" }] }]);
  });

  await test.step("7. a junction relates, and two ways are an ambiguity that names both", async () => {
    const joined = await service.from("teams").select("name, people(name)").order("id");
    assert.deepEqual(joined.data, [
      { name: "one", people: [{ name: "Ada" }] },
      { name: "two", people: [{ name: "Ben" }] },
    ]);
    assert.equal((await ask("teams?select=name,people(name)")).code, "PGRST201");
    const members = await service.from("members").select("team_id, people(name)");
    assert.equal(members.status, 300);
    assert.match(members.error?.hint ?? "", /people!members_invited_by_fkey/);
    const named = await service.from("members")
      .select("person:people!members_person_id_fkey(name), by:people!invited_by(name)").order(
        "team_id",
      );
    assert.deepEqual(named.data, [
      { person: { name: "Ada" }, by: null },
      { person: { name: "Ben" }, by: { name: "Ada" } },
    ]);
  });

  await test.step("7. a composite key that is named compares all its columns", async () => {
    const { data } = await service.from("talks").select("id, rooms!room_is_of_the_team(name)")
      .order("id");
    assert.deepEqual(data, [{ id: 1, rooms: { name: "b" } }, { id: 2, rooms: { name: "c" } }]);
    const filtered = await service.from("talks").select("id, rooms!room_is_of_the_team!inner(name)")
      .eq("rooms.name", "b");
    assert.deepEqual(filtered.data?.map(({ id }) => id), [1]);
    const alone = await ask(
      "talks?select=id,rooms!room_is_of_the_team!inner(name)&rooms.name=eq.a",
    );
    assert.deepEqual(
      alone.length,
      1,
      "lite finds a talk of team 1 in room a, which is none of its rooms",
    );
  });

  await test.step("5. what is JSON arrives as it was sent, in columns, domains and arguments", async () => {
    const samples = [true, false, 0, "", "a", "1", "null", '{"a":1}', [true], [1, "b"], [], [{
      a: [],
    }], { a: null }];
    for (const [id, any_json] of samples.entries()) {
      const { data, error } = await service.from("values").insert({ id, any_json }).select(
        "any_json",
      ).single();
      assert.equal(error, null, JSON.stringify(any_json));
      assert.deepEqual(data?.any_json, any_json);
    }
    for (const list of [[], [1], [true], [{ a: 1 }], [[2]]]) {
      const { data, error } = await service.from("values").update({ list, tags: ["a", "b"] }).eq(
        "id",
        0,
      ).select().single();
      assert.equal(error, null, JSON.stringify(list));
      assert.deepEqual([data?.list, data?.tags], [list, ["a", "b"]]);
    }
    assert.equal(
      (await service.from("values").update({ list: {} }).eq("id", 0)).error?.code,
      "23514",
    );
    await service.from("values").update({ any_json: null }).eq("id", 0).throwOnError();
    const [row] =
      await sql`select any_json is null as is_null, any_json from public.values where id = 0`;
    assert.equal(row?.is_null, true);
    const kinds = { object: { a: 1 }, array: ["a"], string: '{"a":1}', boolean: true, number: 1 };
    for (const [kind, value] of Object.entries(kinds)) {
      assert.equal((await service.rpc("kind_of", { value })).data, kind);
    }
    for (const body of ['{"id": 100, "any_json": true}', '{"id": 101, "list": [{"a": 1}]}']) {
      const answer = await plain.fetch("/rest/v1/values", { method: "POST", body, headers });
      assert.ok(answer.status >= 400, body);
    }
    const alone = await plain.fetch("/rest/v1/rpc/kind_of", {
      method: "POST",
      body: '{"value": {"a": 1}}',
      headers,
    });
    assert.equal(await alone.json(), "string");
  });

  await test.step("12. rows with different columns have nulls, or defaults where that is asked for", async () => {
    const rows = (
      from: number,
    ) => [{ id: from, kind: "a", body: null }, { id: from + 1, body: "b" }];
    const kept = async (from: number) =>
      await sql`select kind, body from public.notes where id between ${from} and ${
        from + 1
      } order by id`;
    const nulls = await service.from("notes").insert(rows(1)).select("kind, body");
    const defaults = await service.from("notes").insert(rows(3), { defaultToNull: false });
    assert.deepEqual([nulls.error, defaults.error], [null, null]);
    assert.deepEqual(nulls.data, [...await kept(1)]);
    assert.deepEqual([...await kept(1)], [{ kind: "a", body: null }, { kind: null, body: "b" }]);
    assert.deepEqual([...await kept(3)], [{ kind: "a", body: null }, { kind: "plain", body: "b" }]);
  });

  await test.step("9. inside of or(…) and and(…) parts of JSON are compared as outside", async () => {
    await sql`insert into public.notes (id, facts) values
      (11, '{"key": "x", "in": {"deep": "true"}}'), (12, '{"key": "1", "n": 2}'), (13, null)`;
    const found = async (filter: string) => {
      const { data, error } = await service.from("notes").select("id").gt("id", 10).or(filter)
        .order("id");
      return error ?? data.map(({ id }) => id);
    };
    assert.deepEqual(await found("facts->>key.eq.1,id.eq.13"), [12, 13]);
    assert.deepEqual(await found("facts->n.eq.2,facts->n.gt.5"), [12]);
    assert.deepEqual(await found("facts->in->>deep.eq.true,id.eq.13"), [11, 13]);
    assert.deepEqual(await found('facts->>key.in.(x,"y"),and(facts->>key.eq.1,id.gt.5)'), [11, 12]);
    assert.deepEqual(await found("not.and(facts->>key.eq.x,id.gt.1)"), [12]);
  });

  await test.step("5. a vector is an array of numbers, in columns and arguments", async () => {
    const { data, error } = await service.from("values").insert({ id: 50, vector: [1, 2.5] })
      .select("vector").single();
    assert.deepEqual([error, data?.vector], [null, "[1,2.5]"]);
    assert.equal((await service.rpc("measure", { vector: [1, 2, 3] })).data, 3);
    const body = '{"vector": [1, 2, 3]}';
    const alone = await plain.fetch("/rest/v1/rpc/measure", { method: "POST", body, headers });
    assert.ok(alone.status >= 400);
  });

  await test.step("5. what is read looks as Postgres writes JSON", async () => {
    const values = {
      price: 1.5,
      at: "2026-01-02T03:04:05.678901+00:00",
      local: "2026-01-02T03:04:05",
      bytes: "\\x6162",
      ratio: "NaN",
      flag: false,
    };
    const columns = "price, at, local, bytes, ratio, flag";
    const { data, error } = await service.from("values").insert({ id: 60, ...values }).select(
      columns,
    ).single();
    assert.equal(error, null);
    assert.deepEqual(data, values);
    const [row] = await sql`select to_jsonb(v) as expected from public.values as v where id = 60`;
    assert.deepEqual({ ...row?.expected, ...data }, row?.expected);
    const alone = await ask("values?select=price,at&id=eq.60");
    assert.deepEqual(alone, [{ price: "1.50", at: "2026-01-02 03:04:05.678901+00" }]);
  });

  await test.step("9. a filter compares with the text that it was given", async () => {
    const texts = [
      "+1555",
      "1555",
      "true",
      "null",
      "1.0",
      "1e3",
      '"quoted"',
      "a,b",
      " 7",
      "x.eq.true",
    ];
    await service.from("values").insert(
      texts.map((text, i) => ({ id: 200 + i, text, flag: i === 0 })),
    ).throwOnError();
    for (const [i, text] of texts.entries()) {
      const found = [
        await service.from("values").select("id").eq("text", text),
        // supabase-js hands a quotation mark over as it is, and PostgREST reads it as the beginning of a quoted value.
        ...(text.includes('"') ? [] : [
          await service.from("values").select("id").in("text", [text]),
          await service.from("values").select("id").or(`text.eq."${text}",id.eq.-1`),
        ]),
      ];
      for (const { data, error } of found) {
        assert.equal(error, null, text);
        assert.deepEqual(data, [{ id: 200 + i }], text);
      }
    }
    assert.deepEqual(
      (await service.from("values").select("id").or("text.eq.+1555,text.eq.1e3").order("id")).data,
      [
        { id: 200 },
        { id: 205 },
      ],
    );
    const flags = await service.from("values").select("id").eq("flag", true).gte("id", "2e2");
    assert.equal(flags.error?.code, "22P02", "as Postgres has it, 2e2 is no integer");
    assert.deepEqual((await service.from("values").select("id").eq("flag", true)).data, [{
      id: 200,
    }]);
    assert.deepEqual((await service.from("values").select("id").is("flag", true)).data, [{
      id: 200,
    }]);
    assert.deepEqual((await service.from("values").select("id").or("flag.eq.true,id.eq.-1")).data, [
      { id: 200 },
    ]);
    assert.equal((await service.rpc("kind_of", { value: "5" }, { get: true })).data, "number");
    assert.deepEqual(await ask("values?select=id&text=eq.%2B1555"), [{ id: 201 }]);
  });

  await test.step("nothing is updated or deleted without a filter", async () => {
    for (
      const refused of [
        await service.from("values").delete(),
        await service.from("values").update({ text: "x" }),
      ]
    ) {
      assert.deepEqual([refused.status, refused.error?.code], [400, "21000"]);
    }
    assert.equal((await service.from("values").delete().eq("id", 200)).status, 204);
  });

  await test.step("8. a request runs with its role's settings and says what it asks", async () => {
    const read = async (client: typeof anon, name: string) =>
      (await client.rpc("settings", { name })).data;
    assert.equal(await read(anon, "statement_timeout"), "3s");
    assert.equal(await read(service, "statement_timeout"), "0");
    assert.equal(JSON.parse(await read(anon, "request.jwt.claims")).role, "anon");
    assert.equal(await read(anon, "request.path"), "/rpc/settings");
    const body = '{"name": "statement_timeout"}';
    const alone = await plain.fetch("/rest/v1/rpc/settings", { method: "POST", body });
    assert.equal(await alone.json(), "0");
  });

  await plain.close();
  await api.stop();
  await sql.end();
  await Deno.remove(storageDir, { recursive: true });
});
