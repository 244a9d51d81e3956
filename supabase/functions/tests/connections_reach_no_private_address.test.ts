/** Providers' URLs and callbacks lead nowhere inside, unless the operator has said so. */
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import {
  askConnections,
  beginConnections,
  loggedLines,
  visitProvider,
} from "./connections-world.ts";
import { startProvider } from "./oauth-server.ts";
import { ask, startIsolate } from "./world.ts";

const { sql, world, isolate: open } = await beginConnections();
const { workspace, member } = world;
const closed = startIsolate({ returnOrigins: [] });
Deno.test.afterAll(async () => await closed[Symbol.asyncDispose]());

Deno.test("a provider on loopback is visited where it is allowed, and nowhere else", async () => {
  await using provider = await startProvider(sql);
  const path = `/${provider.name}/authorize?workspace=${workspace}`;
  assertEquals((await askConnections(open, "GET", path, { as: member })).status, 200);
  const refused = await askConnections(closed, "GET", path, { as: member });
  assertDeepEquals([refused.status, refused.body.error.code], [502, "provider_refused"]);
  const running = await ask("GET", `/connections${path}`, { as: member });
  assertDeepEquals([running.status, running.body.error.code], [502, "provider_refused"]);
});

Deno.test("a token URL that leads inside is not called, whatever form it has; its twin is", async () => {
  await using provider = await startProvider(sql);
  const inside = [
    `${provider.base}/token`,
    "https://127.0.0.1/token",
    "https://2130706433/token",
    "https://0x7f.1/token",
    "https://[::1]/token",
    "https://[::ffff:127.0.0.1]/token",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1/token",
    "https://192.168.1.1:8443/token",
    "https://localhost/token",
    "https://metadata.google.internal/token",
    "https://token.example.com:22/token",
    "https://user:password@token.example.com/token",
  ];
  for (const token_url of inside) {
    await sql`update public.connection_providers set token_url = ${token_url} where name = ${provider.name}`;
    const back = await visitProvider(open, provider, member, workspace);
    const refused = await askConnections(closed, "GET", `/callback?${back}`);
    assertDeepEquals(
      [refused.status, refused.body.error.code, refused.body.error.hint],
      [502, "provider_refused", "its address is not allowed"],
      token_url,
    );
    assert(!JSON.stringify(refused.body).includes("127.0.0.1"), "an address is told");
  }
  assert(!provider.state.paths.includes("/token"));
  assert(loggedLines().some((line) => line.includes("OutboundRefused")), "the log says why");

  await sql`
    update public.connection_providers set token_url = ${`${provider.base}/token`} where name = ${provider.name}`;
  const back = await visitProvider(open, provider, member, workspace);
  assertEquals((await askConnections(open, "GET", `/callback?${back}`)).status, 200);
});

Deno.test("renewing and taking back do not reach inside either, and nothing is lost by the attempt", async () => {
  await using provider = await startProvider(sql);
  const back = await visitProvider(open, provider, member, workspace);
  const { body } = await askConnections(open, "GET", `/callback?${back}`);
  const id = body.connection_id;
  const asked = provider.state.paths.length;
  const refused = await askConnections(closed, "POST", `/${id}/refresh`, { as: member });
  assertDeepEquals([refused.status, refused.body.error.code], [502, "provider_refused"]);
  const [row] = await sql`select status from public.service_connections where id = ${id}`;
  assertEquals(row?.status, "active");
  const removed = await askConnections(closed, "DELETE", `/${id}`, { as: member });
  assertDeepEquals([removed.status, removed.body.provider], [202, "pending"]);
  assertEquals(provider.state.paths.length, asked);

  // The job's call reaches the running stack, which tries, may not, and says so.
  await sql`update private.token_revocations set next_attempt_at = now() where connection_id = ${id}`;
  const [before] = await sql`select coalesce(max(id), 0) as id from private.function_calls`;
  await sql`select private.refresh_connections()`;
  await eventually("the call is accounted for", async () => {
    await sql`select private.reconcile_function_calls()`;
    const calls = await sql`
      select status from private.function_calls
      where job = 'refresh-connections' and function = 'connections/revoke-due' and id > ${before?.id}`;
    return calls.length > 0 && calls.every(({ status }) => status === "succeeded");
  });
  const [left] = await sql`
    select last_error from private.token_revocations where connection_id = ${id}`;
  assertEquals(left?.last_error, "its address is not allowed");
  assertEquals(provider.state.paths.length, asked);
  await sql`delete from private.token_revocations where connection_id = ${id}`;
});

Deno.test("without origins to come back to, no page is come back to", async () => {
  await using provider = await startProvider(sql);
  const path = `/${provider.name}/authorize?workspace=${workspace}&return_to=`;
  const page = encodeURIComponent("https://app.example/");
  assertEquals((await askConnections(closed, "GET", path + page, { as: member })).status, 400);
  assertEquals((await askConnections(open, "GET", path + page, { as: member })).status, 200);
});
