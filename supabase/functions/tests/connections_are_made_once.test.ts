/** The way with a real little OAuth server: there, back, kept; and who cannot. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { app } from "../connections/index.ts";
import {
  askConnections,
  assertNothingLeaked,
  beginConnections,
  connectAccount,
  visitProvider,
} from "./connections-world.ts";
import { startProvider } from "./oauth-server.ts";

const { isolate, other, rowOf, secretsOf, sql, world } = await beginConnections();
const { workspace, member, admin, guest, outsider } = world;

for (const client_authentication of ["basic", "post", "none"]) {
  Deno.test(`an account is connected with PKCE, by a client that sends ${client_authentication}`, async () => {
    await using provider = await startProvider(sql, {
      client_authentication,
      account: "ada@example.com",
    });
    const back = await visitProvider(isolate, provider, member, workspace);
    // The state and the verifier are not kept as they are.
    const kept =
      await sql`select * from private.connection_attempts where provider = ${provider.name}`;
    assertEquals(kept.length, 1);
    assert(!JSON.stringify(kept).includes(back.get("state") ?? ""));
    // Another isolate answers the callback: nothing is in memory.
    const finished = await askConnections(other, "GET", `/callback?${back}`);
    assertEquals(finished.status, 200, JSON.stringify(finished.body));
    assertEquals(finished.headers.get("cache-control"), "no-store");
    const row = await rowOf(finished.body.connection_id);
    assertDeepEquals(
      [row?.user_id, row?.workspace_id, row?.status, row?.account, row?.scopes],
      [member.id, workspace, "active", "ada@example.com", ["read", "write"]],
    );
    const { access, refresh } = provider.latest() ?? {};
    assertDeepEquals(await secretsOf(row?.id), [access, refresh]);
    const [entry] = await sql`
      select actor_id from public.audit_log
      where subject_id = ${row?.id} and action = 'connection.created'`;
    assertEquals(entry?.actor_id, member.id);
  });
}

Deno.test("a code that was asked for with another verifier is worth nothing", async () => {
  await using provider = await startProvider(sql);
  const back = await visitProvider(isolate, provider, member, workspace);
  await sql`update private.connection_attempts set salt = 'another' where provider = ${provider.name}`;
  const refused = await askConnections(isolate, "GET", `/callback?${back}`);
  assertDeepEquals(
    [refused.status, refused.body.error.code, refused.body.error.hint],
    [502, "provider_refused", "invalid_grant"],
  );
});

Deno.test("a state works once, also when it comes back ten times at once", async () => {
  await using provider = await startProvider(sql);
  const back = await visitProvider(isolate, provider, member, workspace);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => askConnections(isolate, "GET", `/callback?${back}`)),
  );
  assertDeepEquals(answers.map(({ status }) => status).sort(), [200, ...Array(9).fill(400)]);
  assertEquals(provider.state.paths.filter((path) => path === "/token").length, 1);
  const again = await askConnections(isolate, "GET", `/callback?${back}`);
  assertDeepEquals([again.status, again.body.error.code], [400, "state_invalid"]);
});

Deno.test("a state not given, or over, or of one who has left, is refused before the provider is asked", async () => {
  await using provider = await startProvider(sql);
  const leaving = await world.addPerson("member");
  const spoil: [string, (back: URLSearchParams) => unknown][] = [
    ["forged", (back) => back.set("state", `${back.get("state")}x`)],
    [
      "over",
      () =>
        sql`update private.connection_attempts set expires_at = now() where provider = ${provider.name}`,
    ],
    [
      "disabled",
      () =>
        sql`update public.connection_providers set is_enabled = false where name = ${provider.name}`,
    ],
    ["left", () => sql`delete from public.members where user_id = ${leaving.id}`],
  ];
  for (const [how, change] of spoil) {
    await sql`update public.connection_providers set is_enabled = true where name = ${provider.name}`;
    const back = await visitProvider(isolate, provider, leaving, workspace);
    await change(back);
    const refused = await askConnections(isolate, "GET", `/callback?${back}`);
    assertDeepEquals([refused.status, refused.body.error.code], [400, "state_invalid"], how);
  }
  assert(!provider.state.paths.includes("/token"));
});

Deno.test("a connection is the person's to whom the state was given, whoever comes back with it", async () => {
  await using provider = await startProvider(sql);
  const back = await visitProvider(isolate, provider, member, workspace);
  const { body } = await askConnections(isolate, "GET", `/callback?${back}`, { as: admin });
  assertEquals((await rowOf(body.connection_id))?.user_id, member.id);
  // And nobody connects anew what is another's.
  const path =
    `/${provider.name}/authorize?workspace=${workspace}&connection=${body.connection_id}`;
  assertEquals((await askConnections(isolate, "GET", path, { as: member })).status, 200);
  assertEquals((await askConnections(isolate, "GET", path, { as: admin })).status, 404);
});

Deno.test("members begin, guests, outsiders and nobody do not; nor at a provider that is not there", async () => {
  await using provider = await startProvider(sql);
  const path = `/${provider.name}/authorize?workspace=${workspace}`;
  for (const as of [member, admin, world.owner]) {
    assertEquals((await askConnections(isolate, "GET", path, { as })).status, 200);
  }
  for (const as of [guest, outsider]) {
    const refused = await askConnections(isolate, "GET", path, { as });
    assertDeepEquals([refused.status, refused.body.error.code], [404, "not_found"]);
  }
  assertEquals((await askConnections(isolate, "GET", path)).status, 401);
  const elsewhere = `/nowhere/authorize?workspace=${workspace}`;
  assertEquals((await askConnections(isolate, "GET", elsewhere, { as: member })).status, 404);
});

Deno.test("a person who says no is told so, and one who changes their mind begins again", async () => {
  await using provider = await startProvider(sql);
  provider.state.mood = "denies";
  const back = await visitProvider(isolate, provider, member, workspace);
  const denied = await askConnections(isolate, "GET", `/callback?${back}`);
  assertDeepEquals([denied.status, denied.body.error.code], [403, "authorization_denied"]);
  provider.state.mood = "well";
  await connectAccount(isolate, provider, member, workspace);
});

Deno.test("the browser is sent back to pages of allowed origins only, with what became of it", async () => {
  await using provider = await startProvider(sql);
  const path = `/${provider.name}/authorize?workspace=${workspace}&return_to=`;
  for (
    const page of [
      "https://evil.example/",
      "https://app.example.evil.example/",
      "https://x@app.example/",
      "http://app.example/",
      "javascript:alert(1)",
      "/here",
    ]
  ) {
    const refused = await askConnections(isolate, "GET", path + encodeURIComponent(page), {
      as: member,
    });
    assertDeepEquals([refused.status, refused.body.error.code], [400, "invalid_parameter"], page);
  }
  const more = `&return_to=${encodeURIComponent("https://app.example/accounts?tab=1")}`;
  const back = await visitProvider(isolate, provider, member, workspace, more);
  const done = await askConnections(isolate, "GET", `/callback?${back}`);
  const page = new URL(done.headers.get("location") ?? "");
  assertDeepEquals([done.status, page.origin, page.pathname], [
    302,
    "https://app.example",
    "/accounts",
  ]);
  assertDeepEquals([page.searchParams.get("tab"), page.searchParams.get("status")], [
    "1",
    "connected",
  ]);
  assert(await rowOf(page.searchParams.get("connection") ?? ""));

  provider.state.mood = "denies";
  const denied = await visitProvider(isolate, provider, member, workspace, more);
  const told = await askConnections(isolate, "GET", `/callback?${denied}`);
  const why = new URL(told.headers.get("location") ?? "").searchParams.get("error");
  assertDeepEquals([told.status, why], [302, "authorization_denied"]);
});

Deno.test("where confirmation is asked for, only the person who began can finish", async () => {
  await using provider = await startProvider(sql);
  await sql`update public.connection_providers set needs_confirmation = true where name = ${provider.name}`;
  const path = `/${provider.name}/authorize?workspace=${workspace}`;
  const refused = await askConnections(isolate, "GET", path, { as: member });
  assertDeepEquals([refused.status, refused.body.error.code], [400, "invalid_parameter"]);

  // The admin begins and sends the link to the member, whose browser comes back with the member's code.
  const more = `&return_to=${encodeURIComponent("https://app.example/accounts")}`;
  const lure = await visitProvider(isolate, provider, admin, workspace, more);
  const sent = await isolate.ask(app, "GET", `/connections/callback?${lure}`);
  const page = new URL(sent.headers.get("location") ?? "");
  assertDeepEquals([sent.status, page.origin], [302, "https://app.example"]);
  assert(!provider.state.paths.includes("/token"), "nothing was exchanged");
  const said = { state: page.searchParams.get("state"), code: page.searchParams.get("code") };
  const lured = await askConnections(isolate, "POST", "/finish", { as: member, body: said });
  assertDeepEquals([lured.status, lured.body.error.code], [400, "state_invalid"]);
  assert(!provider.state.paths.includes("/token"), "nothing was exchanged for another");

  // Who began it finishes it, once.
  const done = await askConnections(isolate, "POST", "/finish", { as: admin, body: said });
  assertEquals(done.status, 200, JSON.stringify(done.body));
  assertEquals((await rowOf(done.body.connection_id))?.user_id, admin.id);
  const again = await askConnections(isolate, "POST", "/finish", { as: admin, body: said });
  assertDeepEquals([again.status, again.body.error.code], [400, "state_invalid"]);
});

Deno.test("a browser can be sent on its way by us", async () => {
  await using provider = await startProvider(sql);
  const path = `/${provider.name}/authorize?workspace=${workspace}&redirect=true`;
  const sent = await askConnections(isolate, "GET", path, { as: member });
  assertEquals(sent.status, 302);
  assert(sent.headers.get("location")?.startsWith(`${provider.base}/authorize?`));
});

for (const mood of ["down", "moved", "garbled", "huge"] as const) {
  Deno.test(`a provider that is ${mood} at the exchange connects nothing and is no refusal`, async () => {
    await using provider = await startProvider(sql);
    const back = await visitProvider(isolate, provider, member, workspace);
    provider.state.mood = mood;
    const failed = await askConnections(isolate, "GET", `/callback?${back}`);
    assertDeepEquals([failed.status, failed.body.error.code], [503, "provider_unavailable"]);
    assert(!provider.state.paths.includes("/elsewhere"), "a redirect was followed");
    const rows =
      await sql`select from public.service_connections where provider = ${provider.name}`;
    assertEquals(rows.length, 0);
  });
}

Deno.test("the same account connected again is the same connection with new tokens", async () => {
  await using provider = await startProvider(sql, { account: "ada@example.com" });
  const first = await connectAccount(isolate, provider, member, workspace);
  const again = await connectAccount(isolate, provider, member, workspace);
  assertEquals(again, first);
  const { access, refresh } = provider.latest() ?? {};
  assertDeepEquals(await secretsOf(first), [access, refresh]);
});

Deno.test("only the service asks for tokens and does the jobs' work", async () => {
  await using provider = await startProvider(sql);
  const id = await connectAccount(isolate, provider, member, workspace);
  for (
    const [method, path] of [["GET", `/${id}/token?reason=x`], ["POST", "/refresh-due"], [
      "POST",
      "/revoke-due",
    ]] as const
  ) {
    assertEquals((await askConnections(isolate, method, path, { as: member })).status, 401, path);
    assertEquals(
      (await askConnections(isolate, method, path, { as: "service" })).status,
      200,
      path,
    );
  }
});

Deno.test("no token, code or client secret is in any table but the vault's, nor in the log", async () => {
  await using provider = await startProvider(sql);
  await connectAccount(isolate, provider, member, workspace);
  await assertNothingLeaked(sql);
});
