/**
 * Agents as principals, from outside: by `oauth4webapi`-shaped requests, an unmodified supabase-js with an agent's
 * token, and the functions. Each denial beside an allowed twin.
 */
import { createClient } from "@supabase/supabase-js";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { ask, connect, createWorld, environment, makeForeignKey, mintToken } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const other = await createWorld(sql);
const { agent, workspace, admin, member } = world;
await sql`
  insert into public.permissions (user_id, agent_id, workspace_id) values (${member.id}, ${agent}, ${workspace})`;
Deno.test.afterAll(() => sql.end());

const exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const accessToken = "urn:ietf:params:oauth:token-type:access_token";
const credentialType = "urn:groundwork:params:oauth:token-type:agent-credential";
const all = ["conversations:read", "memory:read", "memory:write", "knowledge:read"];

async function makeCredential(scopes = all, of = agent): Promise<{ id: string; secret: string }> {
  const body = { name: "main", scopes };
  const made = await ask("POST", `/agents/${of}/credentials`, { as: admin, body });
  assertEquals(made.status, 201, JSON.stringify(made.body));
  return made.body;
}

/** Asks for a token as an OAuth client does. */
async function token(form: Record<string, string>, client?: { id: string; secret: string }) {
  const response = await fetch(`${environment.url}/functions/v1/agents/token`, {
    method: "POST",
    headers: client ? { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` } : {},
    body: new URLSearchParams(form),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}
const forPerson = (subject: string, scope?: string) => ({
  grant_type: exchange,
  subject_token: subject,
  subject_token_type: accessToken,
  ...(scope ? { scope } : {}),
});

/** The Data API as the holder of a token sees it. */
const withToken = (held: string) =>
  createClient(environment.url, environment.publishableKeys.default ?? "", {
    accessToken: () => Promise.resolve(held),
  });
const consent = (scopes: string[], of = agent) =>
  withToken(member.token).from("agent_consents")
    .upsert({ workspace_id: workspace, agent_id: of, user_id: member.id, scopes }, {
      onConflict: "agent_id,user_id",
    });

const credential = await makeCredential();
const client = { id: agent, secret: credential.secret };

Deno.test("an agent as itself has a token by its credential, in each way of OAuth", async () => {
  const asked = { grant_type: "client_credentials", scope: "knowledge:read" };
  const basic = await token(asked, client);
  assertEquals(basic.status, 200);
  assertEquals(basic.headers.get("cache-control"), "no-store");
  assertDeepEquals([basic.body.token_type, basic.body.expires_in, basic.body.scope], [
    "Bearer",
    600,
    "knowledge:read",
  ]);
  const posted = await token({ ...asked, client_id: agent, client_secret: credential.secret });
  assertEquals(posted.status, 200);
  const every = await token({ grant_type: "client_credentials" }, client);
  assertDeepEquals(every.body.scope.split(" "), [...all].sort());
});

Deno.test("a request that is none is refused in OAuth's words", async () => {
  const asked = { grant_type: "client_credentials" };
  const refusals: [Record<string, string>, typeof client | undefined, number, string][] = [
    [asked, undefined, 401, "invalid_client"],
    [asked, { ...client, secret: "gwa_0" }, 401, "invalid_client"],
    [asked, { ...client, id: crypto.randomUUID() }, 401, "invalid_client"],
    [{ ...asked, scope: "conversations:write" }, client, 400, "invalid_scope"],
    [{ ...asked, resource: "https://elsewhere.example" }, client, 400, "invalid_target"],
    [{ grant_type: "password" }, client, 400, "unsupported_grant_type"],
    [{}, client, 400, "invalid_request"],
    [{ grant_type: exchange }, client, 400, "invalid_request"],
    [{ ...forPerson("no token") }, client, 400, "invalid_request"],
    [{ ...forPerson(member.token), subject_token_type: "x" }, client, 400, "invalid_request"],
    [
      { ...forPerson(member.token), actor_token: admin.token, actor_token_type: accessToken },
      client,
      400,
      "invalid_request",
    ],
    // What neither a header nor Postgres can hold.
    [asked, { ...client, secret: "gwa_%00" }, 401, "invalid_client"],
    [{ ...asked, client_secret: "gwa_\0" }, undefined, 401, "invalid_client"],
    [{ ...asked, client_id: "\0", client_secret: "gwa_0" }, undefined, 401, "invalid_client"],
    [forPerson("a\0.b.c"), client, 400, "invalid_request"],
    [forPerson("a\nb"), client, 400, "invalid_request"],
    [forPerson("ж.😀.c"), client, 400, "invalid_request"],
    [{ ...asked, scope: 'memory:read\0"ж' }, client, 400, "invalid_scope"],
    [{ ...asked, scope: " " }, client, 400, "invalid_scope"],
    [forPerson(member.token, "  "), client, 400, "invalid_scope"],
    // Another's credential as who acts.
    [
      { ...forPerson(member.token), actor_token: "gwa_0", actor_token_type: credentialType },
      client,
      400,
      "invalid_request",
    ],
  ];
  for (const [form, who, status, error] of refusals) {
    const answered = await token(form, who);
    assertDeepEquals([answered.status, answered.body.error], [status, error], JSON.stringify(form));
    // RFC 6749, 5.2
    assert(/^[ !#-[\]-~]+$/.test(answered.body.error_description), JSON.stringify(answered.body));
  }
  const twice = await token({ ...asked, scope: "memory:read memory:read " }, client);
  assertDeepEquals([twice.status, twice.body.scope], [200, "memory:read"]);
  const json = await fetch(`${environment.url}/functions/v1/agents/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  assertDeepEquals([json.status, (await json.json()).error], [400, "invalid_request"]);
});

Deno.test("for a person it takes their consent, which is asked for by what is missing", async () => {
  const asked = forPerson(member.token, "memory:read knowledge:read");
  const refused = await token(asked, client);
  assertDeepEquals([refused.status, refused.body.error, refused.body.agent_id], [
    403,
    "consent_required",
    agent,
  ]);
  assertDeepEquals(refused.body.scopes.sort(), ["knowledge:read", "memory:read"]);
  assertEquals((await consent(["memory:read"])).error, null);
  assertDeepEquals((await token(asked, client)).body.scopes, ["knowledge:read"]);
  assertEquals((await token(forPerson(member.token), client)).body.scope, "memory:read");
  assertEquals((await consent(all)).error, null);
  const given = await token(asked, client);
  assertEquals(given.status, 200);
  assertEquals(given.body.issued_token_type, accessToken);
  // The credential may also be said as the token of who acts.
  const acted = await token({
    ...asked,
    actor_token: credential.secret,
    actor_token_type: credentialType,
  });
  assertEquals(acted.status, 200);
  // Somebody who may not use the agent has nobody act for them with it.
  const barred = await token(forPerson(world.guest.token), client);
  assertDeepEquals([barred.status, barred.body.error, barred.body.reason], [
    403,
    "access_denied",
    "not_granted",
  ]);
});

Deno.test("with its token supabase-js reads what person and agent both may, and Auth knows nobody", async () => {
  await consent(all);
  const [mine, theirs] = [crypto.randomUUID(), crypto.randomUUID()];
  const elsewhere = await world.addAgent();
  await sql`
    insert into public.conversations (id, workspace_id, user_id, agent_id, title)
    values (${mine}, ${workspace}, ${member.id}, ${agent}, 'With it'),
      (${theirs}, ${workspace}, ${member.id}, ${elsewhere}, 'With another')`;
  const given = await token(forPerson(member.token), client);
  assertEquals(given.status, 200, JSON.stringify(given.body));
  const { body } = given;
  const acting = withToken(body.access_token);
  const read = async (held: string) =>
    (await withToken(held).from("conversations").select("title").order("title")).data
      ?.map((row) => row.title);
  assertDeepEquals(await read(member.token), ["With another", "With it"]);
  assertDeepEquals(await read(body.access_token), ["With it"]);
  for (const table of ["members", "workspaces", "profiles", "folders", "agent_credentials"]) {
    assertDeepEquals((await acting.from(table).select()).data ?? [], [], table);
  }
  const made = await acting.rpc("create_workspace", { name: "Mine", slug: "mine-by-agent" });
  assert(made.error, "a workspace in the person's name");

  const account = await fetch(`${environment.url}/auth/v1/user`, {
    method: "PUT",
    headers: {
      apikey: environment.publishableKeys.default ?? "",
      authorization: `Bearer ${body.access_token}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ password: "taken-over-by-an-agent" }),
  });
  assertDeepEquals([account.status, (await account.json()).error_code], [403, "session_not_found"]);
});

Deno.test("functions take it where its scope says so, and nowhere else", async () => {
  await consent(all);
  const { body } = await token(forPerson(member.token), client);
  const as = { id: member.id, token: body.access_token };
  const said = { workspace_id: workspace, content: "Drinks no coffee" };
  const remembered = await ask("POST", "/memory", { as, body: said });
  assertEquals(remembered.status, 201, JSON.stringify(remembered.body));
  const recalled = await ask("POST", "/memory/search", {
    as,
    body: { workspace_id: workspace, query: "coffee" },
  });
  assertEquals(recalled.body.memories[0]?.content, "Drinks no coffee");
  const found = await ask("POST", "/knowledge/search", {
    as,
    body: { workspace_id: workspace, query: "coffee" },
  });
  assertEquals(found.status, 200);
  // Not in another workspace of the same person.
  await sql`
    insert into public.members (workspace_id, user_id, role)
    values (${other.workspace}, ${member.id}, 'member') on conflict do nothing`;
  for (const path of ["/memory/search", "/knowledge/search"]) {
    const answered = await ask("POST", path, {
      as,
      body: { workspace_id: other.workspace, query: "coffee" },
    });
    assertEquals(answered.status, 404, path);
  }
  const refused = [
    await ask("GET", "/agents", { as }),
    await ask("POST", `/agents/${agent}/credentials`, { as, body: { name: "x", scopes: all } }),
    await ask("POST", "/account/erase", { as, body: {} }),
    await ask("POST", "/sessions", { as, body: { agent_id: agent } }),
  ];
  for (const { status, body } of refused) {
    assert(
      status === 404 || (status === 403 && body.error.code === "insufficient_scope"),
      `${status} ${JSON.stringify(body)}`,
    );
  }
  const narrow = await token(forPerson(member.token, "knowledge:read"), client);
  const answered = await ask("POST", "/memory/search", {
    as: { id: member.id, token: narrow.body.access_token },
    body: { workspace_id: workspace },
  });
  assertDeepEquals([answered.status, answered.body.error.code, answered.body.error.details], [
    403,
    "insufficient_scope",
    { scope: "memory:read" },
  ]);
});

Deno.test("an agent that acts after another has what both were given", async () => {
  await consent(all);
  const second = await world.addAgent();
  await sql`
    insert into public.permissions (user_id, agent_id, workspace_id) values (${member.id}, ${second}, ${workspace})`;
  const made = await makeCredential(["memory:read", "knowledge:read"], second);
  await consent(["memory:read", "knowledge:read"], second);
  const after = { id: second, secret: made.secret };
  const first = await token(forPerson(member.token, "memory:read"), client);
  const chained = await token(forPerson(first.body.access_token), after);
  assertDeepEquals([chained.status, chained.body.scope], [200, "memory:read"]);
  const beyond = await token(forPerson(first.body.access_token, "knowledge:read"), after);
  assertDeepEquals([beyond.status, beyond.body.error], [400, "invalid_scope"]);
  const [, content = ""] = chained.body.access_token.split(".");
  const claims = JSON.parse(atob(content.replaceAll("-", "+").replaceAll("_", "/")));
  assertDeepEquals([claims.sub, claims.act.sub, claims.act.act.sub], [member.id, second, agent]);
});

Deno.test("what was given for one resource is exchanged for that one only", async () => {
  await consent(all);
  const mcp = { resource: `${environment.url}/functions/v1/mcp` };
  const given = await token({ ...forPerson(member.token), ...mcp }, client);
  const wider = await token(forPerson(given.body.access_token), client);
  assertDeepEquals([wider.status, wider.body.error], [400, "invalid_target"]);
  assertEquals(
    (await token({ ...forPerson(given.body.access_token), ...mcp }, client)).status,
    200,
  );
  // And what was given for all, for each.
  const whole = await token(forPerson(member.token), client);
  assertEquals(
    (await token({ ...forPerson(whole.body.access_token), ...mcp }, client)).status,
    200,
  );
});

Deno.test("what is taken back is gone at once, everywhere", async () => {
  await consent(all);
  const ending = await makeCredential();
  await sql`
    insert into public.documents (workspace_id, user_id, path, name)
    values (${workspace}, null, 'handbook', 'Handbook')`;
  const { body } = await token(forPerson(member.token), { id: agent, secret: ending.secret });
  const as = { id: member.id, token: body.access_token };
  const reads = async () => [
    (await withToken(body.access_token).from("documents").select("name")).data?.length,
    (await ask("POST", "/memory/search", { as, body: { workspace_id: workspace } })).status,
  ];
  assertDeepEquals(await reads(), [1, 200]);
  await consent(["conversations:read"]);
  assertDeepEquals(await reads(), [0, 403]);
  await consent(all);
  assertDeepEquals(await reads(), [1, 200]);
  const chained = async () => (await token(forPerson(body.access_token), client)).body.error;
  assertEquals(await chained(), undefined);
  const removed = await ask("DELETE", `/agents/${agent}/credentials/${ending.id}`, { as: admin });
  assertEquals(removed.status, 200);
  assertDeepEquals([...await reads(), await chained()], [0, 403, "invalid_request"]);
  const again = await token({ grant_type: "client_credentials" }, {
    id: agent,
    secret: ending.secret,
  });
  assertDeepEquals([again.status, again.body.error], [401, "invalid_client"]);
});

Deno.test("tokens that were not given so are refused", async () => {
  const act = { sub: agent, credential_id: credential.id };
  const claims = {
    iss: `${environment.url}/functions/v1/agents`,
    client_id: agent,
    act,
    scope: "memory:read",
  };
  const search = async (held: string) =>
    (await ask("POST", "/memory/search", {
      as: { id: member.id, token: held },
      body: { workspace_id: workspace },
    })).status;
  await consent(all);
  assertEquals(await search(await mintToken(member.id, claims)), 200);
  const refused: [string, Promise<string>, number][] = [
    [
      "of Auth, with an agent in it",
      mintToken(member.id, { client_id: agent, act, scope: "memory:read" }),
      401,
    ],
    ["ended", mintToken(member.id, { ...claims, exp: 1 }), 401],
    ["by a foreign key", mintToken(member.id, claims, {}, await makeForeignKey()), 401],
    ["for another audience", mintToken(member.id, { ...claims, aud: "https://mcp.example" }), 403],
    [
      "with another agent's act",
      mintToken(member.id, { ...claims, act: { ...act, sub: other.agent } }),
      403,
    ],
    [
      "with another credential",
      mintToken(member.id, { ...claims, act: { ...act, credential_id: crypto.randomUUID() } }),
      403,
    ],
  ];
  for (const [claim, held, status] of refused) {
    assertEquals(await search(await held), status, claim);
  }
});

Deno.test("only admins of its workspace see, make and end an agent's credentials", async () => {
  const listed = await ask("GET", `/agents/${agent}/credentials`, { as: admin });
  assert(listed.body.credentials.some((known: { id: string }) => known.id === credential.id));
  assert(!JSON.stringify(listed.body).includes("secret"));
  for (const as of [member, other.owner]) {
    assertDeepEquals((await ask("GET", `/agents/${agent}/credentials`, { as })).body, {
      credentials: [],
    });
    const body = { name: "x", scopes: all };
    assertEquals((await ask("POST", `/agents/${agent}/credentials`, { as, body })).status, 404);
    const path = `/agents/${agent}/credentials/${credential.id}`;
    assertEquals((await ask("DELETE", path, { as })).status, 404);
  }
  const wrong = await ask("POST", `/agents/${agent}/credentials`, {
    as: admin,
    body: { name: "x", scopes: ["everything"] },
  });
  assertDeepEquals([wrong.status, wrong.body.error.code], [422, "invalid_scope"]);
});
