/**
 * Clients of Auth's OAuth 2.1 server, from outside: Auth gives a session's token to a client, asks the hook what it
 * says, and the Data API, MCP and Auth take it for the agent that an admin said it is. The stack's Auth has no page of
 * authorization: that a session is a client's is written as the platform writes it.
 */
import { createClient } from "@supabase/supabase-js";
import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { ask, connect, createWorld, environment, mintToken } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { agent, workspace, admin } = world;
const key = environment.publishableKeys.default ?? "";
const app = crypto.randomUUID();
const granted = ["memory:read", "memory:write", "knowledge:read"];
Deno.test.afterAll(() => sql.end());

const { data: signedUp } = await createClient(environment.url, key, {
  auth: { persistSession: false },
})
  .auth.signUp({ email: `${crypto.randomUUID()}@test.example`, password: "a-long-password" });
const person = { id: signedUp.user?.id ?? "", token: signedUp.session?.access_token ?? "" };
await sql`insert into public.members (workspace_id, user_id, role) values (${workspace}, ${person.id}, 'member')`;
await sql`
  insert into public.permissions (user_id, agent_id, workspace_id) values (${person.id}, ${agent}, ${workspace})`;

/** A token that the client has for the person, as it refreshes its session; the session is begun by signing in. */
async function tokenOfClient(client: string) {
  const { session } = signedUp;
  const own = JSON.parse(
    atob((session?.access_token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")),
  );
  await sql`update auth.sessions set oauth_client_id = ${client} where id = ${own.session_id}`;
  const [active] = await sql<{ token: string }[]>`
    select token from auth.refresh_tokens where session_id = ${own.session_id} and not revoked`;
  const response = await fetch(`${environment.url}/auth/v1/token?grant_type=refresh_token`, {
    method: "POST",
    headers: { apikey: key, "content-type": "application/json" },
    body: JSON.stringify({ refresh_token: active?.token }),
  });
  const { access_token } = await response.json();
  const claims = JSON.parse(
    atob(access_token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")),
  );
  return { id: person.id, token: access_token as string, claims };
}

const withToken = (held: string) =>
  createClient(environment.url, key, { accessToken: () => Promise.resolve(held) });

/** What a token opens: rows of the Data API, and what MCP answers to a call of a tool. */
async function opened({ token }: { token: string }) {
  const { data, error } = await withToken(token).from("memories").select("content");
  const answered = await fetch(`${environment.url}/functions/v1/mcp`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-11-25",
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "recall", arguments: {} },
    }),
  });
  const text = await answered.text();
  return {
    rows: error ? String(error.code) : (data ?? []).map(({ content }) => content),
    mcp: answered.status,
    recalled: /Likes green tea/.test(text),
  };
}
const nothing = { rows: [], mcp: 401, recalled: false };
const all = { rows: ["Likes green tea"], mcp: 200, recalled: true };

const consent = (scopes: string[], of = agent, where = workspace) =>
  withToken(person.token).from("agent_consents").upsert(
    { workspace_id: where, agent_id: of, user_id: person.id, scopes },
    { onConflict: "agent_id,user_id" },
  );

await ask("POST", "/memory", {
  as: person,
  body: { workspace_id: workspace, content: "Likes green tea", subject: "tea" },
});
const made = await ask("POST", `/agents/${agent}/credentials`, {
  as: admin,
  body: { name: "An app", scopes: [...granted, "work:emails"], client: { id: app } },
});

Deno.test("an admin says that a client is an agent; it has no secret, and is one agent of a workspace", async () => {
  assertDeepEquals([made.status, made.body.secret], [201, null], JSON.stringify(made.body));
  const other = await world.addAgent();
  const again = { as: admin, body: { name: "x", scopes: granted, client: { id: app } } };
  const taken = await ask("POST", `/agents/${other}/credentials`, again);
  assertDeepEquals([taken.status, taken.body.error.code], [409, "client_taken"]);
  const elsewhere = { id: app, issuer: "https://login.example" };
  const theirs = await ask("POST", `/agents/${other}/credentials`, {
    as: admin,
    body: { name: "x", scopes: granted, client: elsewhere },
  });
  assertEquals(theirs.status, 201);
  const { body } = await ask("GET", `/agents/${other}/credentials`, { as: admin });
  assertDeepEquals(body.credentials[0].client, elsewhere);
  const refused = await ask("POST", `/agents/${agent}/credentials`, {
    as: person,
    body: { name: "x", scopes: granted, client: { id: crypto.randomUUID() } },
  });
  assertEquals(refused.status, 404);
});

Deno.test("people who sign in have the token that they had before", async () => {
  assertDeepEquals(await opened(person), all);
  const claims = JSON.parse(
    atob(person.token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? ""),
  );
  assertDeepEquals([claims.client_id, claims.act, claims.scope], [undefined, undefined, undefined]);
});

Deno.test("a client opens nothing without the person's consent, and with it what they consented to", async () => {
  const before = await tokenOfClient(app);
  assertDeepEquals([before.claims.client_id, before.claims.act], [app, undefined]);
  assertDeepEquals(await opened(before), nothing);

  const page = await withToken(person.token).rpc("agents_of_client", { client_id: app });
  assertDeepEquals(
    page.data?.map(({ agent_id, scopes, consented }: Record<string, unknown>) => ({
      agent_id,
      scopes,
      consented,
    })),
    [{ agent_id: agent, scopes: [...granted].sort(), consented: [] }],
  );
  assertDeepEquals(
    (await withToken(world.guest.token).rpc("agents_of_client", { client_id: app })).data,
    [],
  );

  assertEquals((await consent(["memory:read"])).error, null);
  // The token from before does not become more.
  assertDeepEquals(await opened(before), nothing);
  const client = await tokenOfClient(app);
  const { claims } = client;
  assertDeepEquals([
    claims.sub,
    claims.azp,
    claims.client_id,
    claims.act.sub,
    claims.scope,
    claims.workspace_id,
  ], [
    person.id,
    app,
    agent,
    agent,
    "memory:read",
    workspace,
  ]);
  assertDeepEquals(await opened(client), all);
  const remembered = await ask("POST", "/memory", {
    as: client,
    body: { workspace_id: workspace, content: "Likes coffee" },
  });
  assertDeepEquals([remembered.status, remembered.body.error.code], [403, "insufficient_scope"]);
});

Deno.test("it is no way into the account", async () => {
  await consent(granted);
  const client = await tokenOfClient(app);
  const change = async (held: string) => {
    const answered = await fetch(`${environment.url}/auth/v1/user`, {
      method: "PUT",
      headers: { apikey: key, authorization: `Bearer ${held}`, "content-type": "application/json" },
      body: JSON.stringify({ data: { color: "green" } }),
    });
    return [answered.status, (await answered.json()).error_code];
  };
  assertDeepEquals(await change(client.token), [403, "session_not_found"]);
  assertDeepEquals(await change(person.token), [200, undefined]);
  assertEquals((await ask("GET", "/agents", { as: client })).status, 403);
});

Deno.test("the workspace is the one that the person consented to last, not where an admin did for all", async () => {
  const [other, trap] = [await createWorld(sql), await createWorld(sql)];
  for (const { workspace: place, agent: theirs, admin: who } of [other, trap]) {
    await sql`insert into public.members (workspace_id, user_id, role) values (${place}, ${person.id}, 'member')`;
    await sql`
      insert into public.permissions (user_id, agent_id, workspace_id) values (${person.id}, ${theirs}, ${place})`;
    const body = { name: "An app", scopes: granted, client: { id: app } };
    assertEquals(
      (await ask("POST", `/agents/${theirs}/credentials`, { as: who, body })).status,
      201,
    );
  }
  await sql`
    insert into public.agent_consents (workspace_id, agent_id, user_id, scopes)
    values (${trap.workspace}, ${trap.agent}, null, '{memory:read}')`;
  await consent(granted);
  assertEquals((await tokenOfClient(app)).claims.workspace_id, workspace);
  assertEquals((await consent(granted, other.agent, other.workspace)).error, null);
  assertEquals((await tokenOfClient(app)).claims.workspace_id, other.workspace);
  await sql`delete from public.agent_consents where agent_id = ${other.agent}`;
});

Deno.test("a client that nobody registered, and claims that somebody wrote themselves, open nothing", async () => {
  await consent(granted);
  assertDeepEquals(await opened(await tokenOfClient(crypto.randomUUID())), nothing);
  // Signed with the project's key, with a credential that is another agent's.
  const forged = {
    client_id: world.agent,
    scope: "memory:read",
    azp: app,
    act: { sub: agent, credential_id: crypto.randomUUID() },
  };
  const { rows, recalled } = await opened({ token: await mintToken(person.id, forged) });
  assertDeepEquals([rows, recalled], [[], false]);
});

Deno.test("what is taken back is gone at once: the consent, then the credential", async () => {
  await consent(granted);
  const client = await tokenOfClient(app);
  assertDeepEquals(await opened(client), all);
  await withToken(person.token).from("agent_consents").delete().eq("agent_id", agent);
  assertDeepEquals((await opened(client)).rows, []);
  await consent(granted);
  assertDeepEquals((await opened(client)).rows, all.rows);
  const ended = await ask("DELETE", `/agents/${agent}/credentials/${made.body.id}`, { as: admin });
  assertEquals(ended.status, 200);
  assertDeepEquals((await opened(client)).rows, []);
  assertDeepEquals(await opened(await tokenOfClient(app)), nothing);
});
