import { verifyAuth } from "@supabase/server/core";
import { createClient } from "@supabase/supabase-js";
import assert from "node:assert/strict";
import postgres from "postgres";
import { startBareDatabase, until } from "../fixture.ts";
import { loadKeys } from "../keys.ts";
import { startFront } from "./front.ts";
import { createTokens, readClaims } from "../tokens.ts";
import { openPlainLite } from "./plain-lite.ts";

const schema = `
  create table public.notes (
    id int generated always as identity primary key,
    body text not null constraint body_is_short check (length(body) < 20),
    owner_id uuid default auth.uid()
  );
  alter table public.notes enable row level security;
  create policy "People read their notes" on public.notes for select to authenticated
    using (owner_id = (select auth.uid()));
  create policy "People write their notes" on public.notes for insert to authenticated
    with check (owner_id = (select auth.uid()));
  grant select, insert on public.notes to authenticated;
  create table public.hidden (id int primary key);
  alter table public.hidden enable row level security;
  create function public.fail(code text) returns void language plpgsql as $$
  begin
    raise exception using errcode = code, message = 'as asked', detail = 'the detail', hint = 'the hint';
  end; $$;
  create function public.refuse() returns void language plpgsql as $$
  begin
    raise sqlstate 'PGRST' using
      message = '{"code": "last_owner", "message": "no", "hint": "add another"}',
      detail = '{"status": 409, "headers": {}}';
  end; $$;
`;

/**
 * Each step shows what @supabase/lite does alone, beside what the stack makes of it: without the correction the step
 * fails.
 */
Deno.test("the Data API and Auth answer as the platform's", async (test) => {
  await using database = await startBareDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await sql.unsafe(schema).simple();
  const keys = await loadKeys(null);
  const storageDir = await Deno.makeTempDir();
  const apiUrl = "http://api.example";
  const options = {
    adminUrl: database.adminUrl,
    keys,
    tokens: createTokens(keys, apiUrl),
    storageDir,
    connections: 2,
    apiUrl,
  };
  const api = await startFront(options);
  const openClient = () =>
    createClient(api.origin, keys.publishableKey, { auth: { persistSession: false } });
  const person = openClient();
  const signedUp = await person.auth.signUp({
    email: "ada@example.com",
    password: "a-long-password",
  });
  assert.equal(signedUp.error, null);
  const plain = openPlainLite(database.adminUrl, keys);

  const tokenOf = (data: { session: { access_token: string } | null }) =>
    data.session?.access_token ?? "";
  const signIn = (fetch: (path: string, init: RequestInit) => Promise<Response>) =>
    fetch("/auth/v1/token?grant_type=password", {
      method: "POST",
      body: JSON.stringify({ email: "ada@example.com", password: "a-long-password" }),
    });

  await test.step("1. a token is asymmetric: @supabase/server verifies it with the published keys alone", async () => {
    const env = {
      jwks: new URL(`${api.origin}/auth/v1/.well-known/jwks.json`),
      publishableKeys: { default: keys.publishableKey },
      secretKeys: {},
      url: api.origin,
    };
    const verify = (token: string) =>
      verifyAuth(
        new Request("http://function.example", { headers: { authorization: `Bearer ${token}` } }),
        { auth: "user", env },
      );
    const accepted = await verify(tokenOf(signedUp.data));
    assert.equal(accepted.error, null);
    assert.equal(accepted.data?.userClaims?.id, signedUp.data.user?.id);
    assert.equal(accepted.data?.jwtClaims?.iss, `${apiUrl}/auth/v1`);
    const plainToken: string = (await (await signIn(plain.fetch)).json()).access_token;
    assert.notEqual((await verify(plainToken)).error, null);
    const published = await plain.fetch("/auth/v1/.well-known/jwks.json");
    assert.deepEqual(await published.json(), { keys: [] });
  });

  await test.step("1. getClaims verifies it in the client, without asking who it is", async () => {
    const { data, error } = await person.auth.getClaims();
    assert.equal(error, null);
    assert.equal(data?.header.alg, "ES256");
    assert.equal(data?.claims.sub, signedUp.data.user?.id);
    assert.deepEqual([data?.claims.iss, data?.claims.aud], [`${apiUrl}/auth/v1`, "authenticated"]);
  });

  await test.step("1. the Data API takes its role from it, and refuses one that is over or not ours", async () => {
    const read = async (token: string) => {
      const answer = await fetch(`${api.origin}/rest/v1/notes`, {
        headers: { apikey: keys.publishableKey, authorization: `Bearer ${token}` },
      });
      return [answer.status, answer.ok ? "" : (await answer.json()).code];
    };
    const claims = readClaims(tokenOf(signedUp.data));
    assert.deepEqual(await read(tokenOf(signedUp.data)), [200, ""]);
    const over = await options.tokens.sign({ ...claims, iat: 1, exp: 2 });
    assert.deepEqual(await read(over), [401, "PGRST303"]);
    const foreign = await createTokens(await loadKeys(null), apiUrl).sign(claims);
    assert.deepEqual(await read(foreign), [401, "PGRST301"]);
    // What lite gives out itself is between lite and us.
    const plainToken: string = (await (await signIn(plain.fetch)).json()).access_token;
    assert.deepEqual(await read(plainToken), [401, "PGRST301"]);
    const alone = await plain.fetch("/rest/v1/notes", {
      headers: {
        apikey: keys.publishableKey,
        authorization: `Bearer ${tokenOf(signedUp.data)}`,
      },
    });
    assert.equal(alone.status, 401);
  });

  await test.step("3. a violated check is 400 with its SQLSTATE, an own code with its hint", async () => {
    const { status, error } = await person.from("notes").insert({
      body: "much longer than twenty characters",
    });
    assert.equal(status, 400);
    assert.equal(error?.code, "23514");
    const raised = await person.rpc("fail", { code: "AB123" });
    assert.deepEqual(
      [raised.status, raised.error?.code, raised.error?.hint, raised.error?.details],
      [
        400,
        "AB123",
        "the hint",
        "the detail",
      ],
    );
    assert.equal((await person.rpc("fail", { code: "P0001" })).error?.code, "P0001");
    assert.equal((await person.rpc("fail", { code: "40001" })).status, 500);
    const alone = await plain.fetch("/rest/v1/rpc/fail", {
      method: "POST",
      body: '{"code": "AB123"}',
    });
    assert.deepEqual([alone.status, (await alone.json()).code], [500, "SUP"]);
  });

  await test.step("3. an error in PostgREST's custom form keeps its status, code and hint", async () => {
    const { status, error } = await person.rpc("refuse");
    assert.deepEqual([status, error?.code, error?.hint], [409, "last_owner", "add another"]);
  });

  await test.step("4. a new table and a new column are known as soon as they are announced", async () => {
    assert.equal((await person.from("late").select()).status, 404);
    await plain.fetch("/rest/v1/late");
    await sql`create table public.late (id int primary key)`;
    await sql`grant select on public.late to anon, authenticated`;
    await until(
      "the table is known",
      async () => (await person.from("late").select()).status === 200,
    );
    await sql`alter table public.late add column title text`;
    await until(
      "the column is known",
      async () => (await person.from("late").select("title")).status === 200,
    );
    assert.equal((await plain.fetch("/rest/v1/late")).status, 404);
  });

  await test.step("a guest's rows are the guest's", async () => {
    const guest = openClient();
    await guest.auth.signInAnonymously();
    await guest.from("notes").insert({ body: "a guest's" }).throwOnError();
    assert.equal((await guest.from("notes").select().throwOnError()).data?.length, 1);
    assert.equal((await person.from("notes").select().throwOnError()).data?.length, 0);
  });

  // Last: what lite does alone stays done.
  await test.step("2. a table that no migration has granted is refused with 42501", async () => {
    const refused = await person.from("hidden").select();
    assert.deepEqual([refused.status, refused.error?.code], [403, "42501"]);
    const service = createClient(api.origin, keys.secretKey, { auth: { persistSession: false } });
    assert.equal((await service.from("hidden").select()).error?.code, "42501");
    const nobody = await openClient().from("notes").select();
    assert.deepEqual([nobody.status, nobody.error?.code], [401, "42501"]);
    const spoiling = openPlainLite(database.adminUrl, keys, { grantsEverything: true });
    assert.equal((await spoiling.fetch("/rest/v1/hidden")).status, 200);
    await spoiling.close();
  });

  await plain.close();
  await api.stop();
  await sql.end();
  await Deno.remove(storageDir, { recursive: true });
});
