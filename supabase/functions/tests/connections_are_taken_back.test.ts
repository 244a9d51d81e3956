/** However a connection ends, its tokens are taken back at the provider and kept no more. */
import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import {
  askConnections,
  assertNothingLeaked,
  beginConnections,
  connectAccount,
  visitProvider,
} from "./connections-world.ts";
import { startProvider } from "./oauth-server.ts";

const { isolate, rowOf, secretsOf, sql, world } = await beginConnections();
const { workspace, member, admin, guest, outsider } = world;

Deno.test("a connection is removed by its person alone, and taken back at the provider", async () => {
  await using provider = await startProvider(sql);
  const id = await connectAccount(isolate, provider, member, workspace);
  for (const as of [admin, guest, outsider]) {
    assertEquals((await askConnections(isolate, "DELETE", `/${id}`, { as })).status, 404);
  }
  const { access, refresh } = provider.latest() ?? {};
  const removed = await askConnections(isolate, "DELETE", `/${id}`, { as: member });
  assertDeepEquals([removed.status, removed.body.provider], [200, "revoked"]);
  assertDeepEquals(provider.state.revoked, [refresh, access]);
  assertEquals(await rowOf(id), undefined);
  assertDeepEquals(await secretsOf(id), []);
  const actions = await sql<{ action: string }[]>`
    select action from public.audit_log where subject_id = ${id} order by id`;
  assertDeepEquals(actions.map(({ action }) => action), [
    "connection.created",
    "connection.removed",
    "connection.token_read",
    "connection.tokens_revoked",
  ]);
});

Deno.test("a provider that is away when a connection is removed is asked again until it answers", async () => {
  await using provider = await startProvider(sql);
  const id = await connectAccount(isolate, provider, member, workspace);
  const { access, refresh } = provider.latest() ?? {};
  provider.state.mood = "down";
  const removed = await askConnections(isolate, "DELETE", `/${id}`, { as: member });
  assertDeepEquals([removed.status, removed.body.provider], [202, "pending"]);
  assertEquals(await rowOf(id), undefined);
  const token = await askConnections(isolate, "GET", `/${id}/token?reason=x`, { as: "service" });
  assertEquals(token.status, 404, "nobody can use it meanwhile");
  assertEquals((await secretsOf(id)).length, 2, "kept for taking back");

  provider.state.mood = "well";
  await sql`update private.token_revocations set next_attempt_at = now() where connection_id = ${id}`;
  const due = await askConnections(isolate, "POST", "/revoke-due", { as: "service" });
  assertEquals(due.status, 200);
  assertDeepEquals(provider.state.revoked, [refresh, access]);
  assertDeepEquals(await secretsOf(id), []);
});

Deno.test("however a row goes, its tokens go too: a member leaves, a provider offers no way", async () => {
  await using provider = await startProvider(sql);
  const leaving = await world.addPerson("member");
  const id = await connectAccount(isolate, provider, leaving, workspace);
  await sql`delete from public.members where user_id = ${leaving.id}`;
  await askConnections(isolate, "POST", "/revoke-due", { as: "service" });
  assertEquals(provider.state.revoked.length, 2);
  assertDeepEquals(await secretsOf(id), []);

  await using simple = await startProvider(sql, { revokes: false });
  const kept = await connectAccount(isolate, simple, member, workspace);
  const removed = await askConnections(isolate, "DELETE", `/${kept}`, { as: member });
  assertDeepEquals([removed.status, removed.body.provider], [200, "not_offered"]);
  assertDeepEquals(await secretsOf(kept), []);
});

Deno.test("a token that was granted and cannot be kept is taken back: its person left meanwhile", async () => {
  await using provider = await startProvider(sql);
  const leaving = await world.addPerson("member");
  const back = await visitProvider(isolate, provider, leaving, workspace);
  provider.state.meanwhile = () =>
    sql`delete from public.members where user_id = ${leaving.id} and workspace_id = ${workspace}`;
  const refused = await askConnections(isolate, "GET", `/callback?${back}`);
  assertDeepEquals([refused.status, refused.body.error.code], [404, "not_found"]);
  const { access, refresh } = provider.latest() ?? {};
  assertEquals(typeof access, "string", "it was granted");
  const kept = await sql`
    select from public.service_connections where provider = ${provider.name}`;
  assertEquals(kept.length, 0);
  await askConnections(isolate, "POST", "/revoke-due", { as: "service" });
  assertDeepEquals(provider.state.revoked, [refresh, access]);
});

Deno.test("no token, code or client secret is in any table but the vault's, nor in the log", async () => {
  await using provider = await startProvider(sql);
  await connectAccount(isolate, provider, member, workspace);
  await assertNothingLeaked(sql);
});
