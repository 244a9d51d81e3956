/**
 * Tokens are lent to the service, renewed in time, by one caller at a time; and a provider that fails is not one that
 * revoked.
 */
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { addConsent, addCredential, asAgent } from "./agent-tokens.ts";
import {
  askConnections,
  assertNothingLeaked,
  beginConnections,
  connectAccount,
} from "./connections-world.ts";
import { marker, type Provider, startProvider } from "./oauth-server.ts";

const { sql, world, isolate, other, rowOf } = await beginConnections();
const { workspace, member, admin } = world;

/** As if time had passed: the token ends in so many seconds, and failures are forgotten. */
async function endIn(id: string, seconds: number): Promise<void> {
  await sql`
    update public.service_connections set expires_at = now() + make_interval(secs => ${seconds})
    where id = ${id}`;
  await sql`update private.connection_renewals set next_attempt_at = null where connection_id = ${id}`;
}

function tokenOf(id: string, where = isolate, more = "") {
  return askConnections(where, "GET", `/${id}/token?reason=reading+mail${more}`, { as: "service" });
}

/** A connection of the member's, made anew. */
async function start(changes: Parameters<typeof startProvider>[1] = {}, lifetime?: number | null) {
  const provider = await startProvider(sql, changes);
  if (lifetime !== undefined) provider.state.lifetime = lifetime;
  return { provider, id: await connectAccount(isolate, provider, member, workspace) };
}

async function ending(id: string, provider: Provider): Promise<void> {
  await provider[Symbol.asyncDispose]();
  await sql`delete from public.service_connections where id = ${id}`;
  await sql`delete from private.token_revocations where connection_id = ${id}`;
}

Deno.test("a token is lent to the service, and each reading is an entry with person, agent and reason", async () => {
  const { provider, id } = await start({ account: "ada@example.com" });
  const told = await tokenOf(id, isolate, "");
  assertEquals(told.status, 200);
  assertEquals(told.headers.get("cache-control"), "no-store");
  assertDeepEquals(
    [told.body.access_token, told.body.token_type, told.body.account, told.body.scopes],
    [provider.latest()?.access, "Bearer", "ada@example.com", ["read", "write"]],
  );
  await sql`
    insert into public.permissions (user_id, agent_id, workspace_id)
    values (${member.id}, ${world.agent}, ${workspace})`;
  await tokenOf(id, other, `&agent=${world.agent}`);
  const entries = await sql`
    select actor_id, agent_id, detail from public.audit_log
    where subject_id = ${id} and action = 'connection.token_read' order by id`;
  const detail = { provider: provider.name, reason: "reading mail" };
  assertDeepEquals(entries.map((entry) => ({ ...entry })), [
    { actor_id: member.id, agent_id: null, detail },
    { actor_id: member.id, agent_id: world.agent, detail },
  ]);
  assertEquals(provider.state.renewals, 0);
  await ending(id, provider);
});

Deno.test("an agent that the person may not use gets no token of theirs", async () => {
  const { provider, id } = await start();
  const foreign = await world.addAgent();
  const refused = await tokenOf(id, isolate, `&agent=${foreign}`);
  assertDeepEquals([refused.status, refused.body.error.code], [403, "access_denied"]);
  await sql`
    insert into public.permissions (user_id, agent_id, workspace_id)
    values (${member.id}, ${foreign}, ${workspace})`;
  assertEquals((await tokenOf(id, isolate, `&agent=${foreign}`)).status, 200);
  await ending(id, provider);
});

Deno.test("a token that is about to end is renewed before it is lent, and the refresh token rotates", async () => {
  const { provider, id } = await start();
  const seen = new Set<string>();
  for (let round = 1; round <= 5; round++) {
    await endIn(id, 60);
    const { status, body } = await tokenOf(id);
    assertDeepEquals([status, body.access_token], [200, provider.latest()?.access]);
    assertEquals(provider.state.renewals, round);
    seen.add(body.access_token);
  }
  assertEquals(seen.size, 5);
  assert(Number((await rowOf(id))?.expires_at) > Date.now() + 3_500_000);
  await ending(id, provider);
});

Deno.test("twenty who ask at once, in two isolates, burn one refresh token and all get the new token", async () => {
  const { provider, id } = await start();
  await endIn(id, 60);
  provider.state.slow = 300;
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => tokenOf(id, i % 2 ? isolate : other)),
  );
  assertEquals(provider.state.renewals, 1);
  const fresh = provider.latest()?.access;
  for (const { status, body } of answers) {
    assertDeepEquals([status, body.access_token], [200, fresh], JSON.stringify(body));
  }
  // Had the old one been shown twice, the provider would have taken the whole grant back.
  await endIn(id, 60);
  assertEquals((await tokenOf(id)).status, 200);
  await ending(id, provider);
});

Deno.test("the job and people who refresh at the same time do not burn it either", async () => {
  const { provider, id } = await start();
  await endIn(id, 60);
  provider.state.slow = 200;
  const answers = await Promise.all([
    askConnections(isolate, "POST", "/refresh-due", { as: "service" }),
    askConnections(other, "POST", `/${id}/refresh`, { as: member }),
    askConnections(isolate, "POST", `/${id}/refresh`, { as: "service" }),
    askConnections(other, "POST", "/refresh-due", { as: "service" }),
    tokenOf(id),
  ]);
  assertDeepEquals(answers.map(({ status }) => status), [200, 200, 200, 200, 200]);
  const row = await rowOf(id);
  assertEquals(row?.status, "active");
  await endIn(id, 60);
  assertEquals((await tokenOf(id)).status, 200, "the latest refresh token is the one kept");
  await ending(id, provider);
});

Deno.test("a provider that revoked is told: the tokens leave the vault and the person must connect again", async () => {
  const { provider, id } = await start();
  provider.takeBack();
  await endIn(id, 60);
  const refused = await tokenOf(id);
  assertDeepEquals([refused.status, refused.body.error.code], [409, "connection_revoked"]);
  const row = await rowOf(id);
  assertDeepEquals(
    [row?.status, row?.last_error, row?.access_secret_id, row?.refresh_secret_id],
    ["revoked", "invalid_grant", null, null],
  );
  const [left] = await sql`
    select count(*)::integer as n from vault.secrets where description like ${`%${id}`}`;
  assertEquals(left?.n, 0);
  assertEquals(
    (await askConnections(isolate, "POST", `/${id}/refresh`, { as: member })).status,
    409,
  );
  // Connecting again brings the same row back to life.
  const path = `/${provider.name}/authorize?workspace=${workspace}&connection=${id}`;
  const begun = await askConnections(isolate, "GET", path, { as: member });
  const sent = await fetch(begun.body.url, { redirect: "manual" });
  const { searchParams } = new URL(sent.headers.get("location") ?? "");
  const again = await askConnections(isolate, "GET", `/callback?${searchParams}`);
  assertEquals(again.body.connection_id, id);
  assertEquals((await tokenOf(id)).body.access_token, provider.latest()?.access);
  await ending(id, provider);
});

Deno.test("a refusal by a provider is in the audit log with the agent and the person who asked", async () => {
  const scopes = ["connections:use"];
  const credential = await addCredential(sql, world.agent, scopes);
  await addConsent(sql, world.agent, member.id, scopes);
  await sql`
    insert into public.permissions (user_id, agent_id, workspace_id)
    values (${member.id}, ${world.agent}, ${workspace}) on conflict do nothing`;
  const acting = await asAgent(world.agent, credential, scopes, member.id);
  const askers: [string, string, Parameters<typeof askConnections>[3], unknown[]][] = [
    ["GET", "token?reason=mail", { as: acting }, [member.id, world.agent]],
    ["POST", "refresh", { as: member }, [member.id, null]],
    ["GET", "token?reason=mail", { as: "service" }, [null, null]],
  ];
  for (const [method, path, said, named] of askers) {
    const { provider, id } = await start();
    await endIn(id, 60);
    provider.takeBack();
    const refused = await askConnections(isolate, method, `/${id}/${path}`, said);
    assertDeepEquals([refused.status, refused.body.error.code], [409, "connection_revoked"]);
    const [entry] = await sql`
      select actor_id, agent_id, detail from public.audit_log
      where subject_id = ${id} and action = 'connection.changed' order by id desc limit 1`;
    assertEquals(entry?.detail.after.status, "revoked");
    assertDeepEquals([entry?.actor_id, entry?.agent_id], named);
    await ending(id, provider);
  }
});

for (const mood of ["down", "garbled", "moved", "huge", "silent"] as const) {
  Deno.test(`a provider that is ${mood} has not revoked: its token is used, and it is asked again`, async () => {
    const { provider, id } = await start();
    const former = provider.latest()?.access;
    provider.state.mood = mood;
    await endIn(id, 60);
    const lent = await tokenOf(id);
    assertDeepEquals(
      [lent.status, lent.body.access_token],
      [200, former],
      JSON.stringify(lent.body),
    );
    const asked = provider.state.paths.length;
    assertDeepEquals(
      [(await tokenOf(id)).status, provider.state.paths.length],
      [200, asked],
      "not again at once",
    );

    await sql`update public.service_connections set expires_at = now() where id = ${id}`;
    const refused = await tokenOf(id);
    assertDeepEquals([refused.status, refused.body.error.code], [503, "provider_unavailable"]);
    assert(Number(refused.headers.get("retry-after")) > 0);

    provider.state.mood = "well";
    await endIn(id, -1);
    const renewed = await tokenOf(id);
    assertDeepEquals([renewed.status, renewed.body.access_token], [200, provider.latest()?.access]);
    const row = await rowOf(id);
    assertDeepEquals([row?.status, row?.last_error], ["active", null]);
    assert(!provider.state.paths.includes("/elsewhere"), "a redirect was followed");
    await ending(id, provider);
  });
}

Deno.test("a client that the provider does not know any more revokes nothing", async () => {
  const { provider, id } = await start();
  await sql`select public.set_provider_secret(${provider.name}, ${"another"})`;
  const refused = await askConnections(isolate, "POST", `/${id}/refresh`, { as: member });
  assertDeepEquals(
    [refused.status, refused.body.error.code, refused.body.error.hint],
    [502, "provider_refused", "invalid_client"],
  );
  assertEquals((await rowOf(id))?.status, "active");
  await ending(id, provider);
});

Deno.test("the job renews what is about to end, and leaves the rest alone", async () => {
  const { provider, id } = await start();
  const later = await start();
  const broken = await start();
  await endIn(id, 300);
  await endIn(broken.id, 300);
  broken.provider.takeBack();
  const due = await askConnections(isolate, "POST", "/refresh-due", { as: "service" });
  assertDeepEquals([due.body.renewed, due.body.revoked, due.body.failed], [1, 1, 0]);
  assertDeepEquals([provider.state.renewals, later.provider.state.renewals], [1, 0]);
  assertEquals((await rowOf(broken.id))?.status, "revoked");
  const again = await askConnections(isolate, "POST", "/refresh-due", { as: "service" });
  assertDeepEquals(again.body, { renewed: 0, revoked: 0, failed: 0 });
  for (const one of [{ provider, id }, later, broken]) await ending(one.id, one.provider);
});

Deno.test("a connection refreshes for its person and the service, not for an admin", async () => {
  const { provider, id } = await start();
  const path = `/${id}/refresh`;
  assertEquals((await askConnections(isolate, "POST", path, { as: admin })).status, 404);
  assertEquals((await askConnections(isolate, "POST", path, { as: "service" })).status, 200);
  const mine = await askConnections(isolate, "POST", path, { as: member });
  assertDeepEquals([mine.status, mine.body.status], [200, "active"]);
  assertEquals(provider.state.renewals, 2);
  await ending(id, provider);
});

Deno.test("what ends and has nothing to renew it by is expired, by the job at the latest", async () => {
  const { provider, id } = await start();
  await sql`update public.service_connections set refresh_secret_id = null where id = ${id}`;
  const stuck = await askConnections(isolate, "POST", `/${id}/refresh`, { as: member });
  assertDeepEquals([stuck.status, stuck.body.error.code], [409, "not_renewable"]);
  assertEquals((await tokenOf(id)).status, 200);
  await endIn(id, -1);
  const over = await tokenOf(id);
  assertDeepEquals([over.status, over.body.error.code], [409, "connection_expired"]);
  await sql`select private.refresh_connections()`;
  assertEquals((await rowOf(id))?.status, "expired");
  await ending(id, provider);
});

Deno.test("a token of unknown end is lent as long as nobody says otherwise", async () => {
  const { provider, id } = await start({}, null);
  assertEquals((await rowOf(id))?.expires_at, null);
  const { status, body } = await tokenOf(id);
  assertDeepEquals([status, body.access_token], [200, provider.latest()?.access]);
  assertEquals(provider.state.renewals, 0);
  await ending(id, provider);
});

Deno.test("a connection removed while it is renewed stays removed, and the new token is taken back", async () => {
  const { provider, id } = await start();
  provider.state.slow = 400;
  const renewing = askConnections(isolate, "POST", `/${id}/refresh`, { as: member });
  await eventually("the provider is being asked", () => provider.state.arrivals > 1);
  await sql`delete from public.service_connections where id = ${id}`;
  const { status } = await renewing;
  assertEquals(status, 404);
  provider.state.slow = 0;
  await askConnections(isolate, "POST", "/revoke-due", { as: "service" });
  const { access, refresh } = provider.latest() ?? {};
  assert(
    provider.state.revoked.includes(access ?? "") && provider.state.revoked.includes(refresh ?? ""),
  );
  const [left] = await sql`
    select count(*)::integer as n from vault.decrypted_secrets
    where decrypted_secret in (${access ?? ""}, ${refresh ?? ""})`;
  assertEquals(left?.n, 0);
  await provider[Symbol.asyncDispose]();
});

Deno.test("no token is in any table but the vault's, nor in any line of the log", async () => {
  const { provider, id } = await start();
  assert((await tokenOf(id)).body.access_token.includes(marker));
  await assertNothingLeaked(sql);
  await ending(id, provider);
});
