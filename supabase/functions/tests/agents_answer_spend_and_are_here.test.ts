/**
 * Streams, turns, budgets, presence and sessions with an agent's token, where they took the secret key: each denial
 * beside an allowed twin. The tokens are those of `types/agent-tokens.ts`.
 */
import { createClient } from "@supabase/supabase-js";
import { type AgentTokenError, createAgentTokens } from "../../../types/agent-tokens.ts";
import { assert, assertDeepEquals, assertEquals, eventually } from "../_shared/asserts.ts";
import { call, lax, open, startOwn } from "./relay-world.ts";
import { sql, world } from "./relay-world.ts";
import { listen, openReader } from "./stream-reader.ts";
import { ask, createWorld, environment, mintToken, type Someone } from "./world.ts";

const { agent, workspace, admin, member, guest } = world;
const stranger = await createWorld(sql);
await sql`
  insert into public.permissions (user_id, agent_id, workspace_id)
  values (${member.id}, ${agent}, ${workspace}), (${guest.id}, ${agent}, ${workspace})`;

const scopes = ["conversations:read", "conversations:write", "presence", "usage:write"];
const elsewhere = await world.addAgent();

async function makeCredential(of = agent) {
  const made = await ask("POST", `/agents/${of}/credentials`, {
    as: admin,
    body: { name: "main", scopes },
  });
  assertEquals(made.status, 201, JSON.stringify(made.body));
  const { id, secret } = made.body as { id: string; secret: string };
  return { id, tokens: createAgentTokens({ url: environment.url, agent: of, credential: secret }) };
}
const allow = (who: Someone) =>
  sql`
    insert into public.agent_consents (workspace_id, agent_id, user_id, scopes)
    values (${workspace}, ${agent}, ${who.id}, string_to_array(${scopes.join(" ")}, ' '))
    on conflict (agent_id, user_id) do update set scopes = excluded.scopes`;
async function talk(whose = member.id, through = agent, place = workspace) {
  const id = crypto.randomUUID();
  await sql`
    insert into public.conversations (id, workspace_id, user_id, agent_id)
    values (${id}, ${place}, ${whose}, ${through})`;
  return id;
}
const client = (token: string) =>
  createClient(environment.url, environment.publishableKeys.default ?? "", {
    accessToken: () => Promise.resolve(token),
  });

const { tokens } = await makeCredential();
await allow(member);
const forMember = { id: member.id, token: await tokens.forPerson(member.token)() };
const itself = { id: agent, token: await tokens.asItself()() };

Deno.test("it answers the person in their conversation with it, and in no other", async () => {
  const mine = await talk();
  const opened = await ask("POST", "/streams", { as: forMember, body: { conversation_id: mine } });
  assertEquals(opened.status, 201, JSON.stringify(opened.body));
  const path = `/streams/${opened.body.stream_id}`;
  const said = await ask("POST", `${path}/chunks`, {
    as: forMember,
    body: { from: 0, chunks: ["Yes", "."] },
  });
  assertDeepEquals([said.status, said.body], [200, { next: 2 }]);
  const heard = { pieces: [] as string[], whole: null };
  const reading = openReader(`${environment.url}/functions/v1${path}`, forMember.token, heard)
    .then((response) => listen(response, heard));
  const counted = await ask("POST", `${path}/finish`, {
    as: forMember,
    body: { message: { parts: [{ type: "text", text: "Yes." }], token_count: 1 } },
  });
  assertDeepEquals([counted.status, counted.body.error.code], [400, "invalid_body"]);
  const finished = await ask("POST", `${path}/finish`, {
    as: forMember,
    body: { message: { parts: [{ type: "text", text: "Yes." }] }, chunks: 2 },
  });
  assertDeepEquals([finished.status, finished.body.status], [200, "finished"]);
  assertEquals(await reading, "finished");
  assertDeepEquals(heard.pieces, ["Yes", "."]);

  const others = [
    await talk(member.id, elsewhere),
    await talk(guest.id),
    await talk(stranger.member.id, stranger.agent, stranger.workspace),
  ];
  for (const conversation_id of others) {
    const refused = await ask("POST", "/streams", { as: forMember, body: { conversation_id } });
    assertDeepEquals([refused.status, refused.body.error.code], [404, "not_found"]);
    // What somebody else says there it neither hears, nor adds to, nor ends.
    const [stream] = await sql<{ id: string }[]>`
      select id from private.open_stream(${conversation_id}, null, null)`;
    const theirs = `/streams/${stream?.id}`;
    const tried = [
      await ask("POST", `${theirs}/chunks`, { as: forMember, body: { from: 0, chunks: ["No"] } }),
      await ask("POST", `${theirs}/finish`, { as: forMember, body: { error: "no" } }),
      await ask("POST", `${theirs}/stop`, { as: forMember }),
      await ask("GET", `${theirs}/stop?wait=0`, { as: forMember }),
      await ask("GET", theirs, { as: forMember }),
    ];
    assertDeepEquals(tried.map(({ status }) => status), [404, 404, 404, 404, 404]);
  }
  // As itself it talks with nobody, and a person says nothing in its name.
  const alone = await ask("POST", "/streams", { as: itself, body: { conversation_id: mine } });
  assertDeepEquals([alone.status, alone.body.error.code], [403, "insufficient_scope"]);
  const person = await ask("POST", "/streams", { as: member, body: { conversation_id: mine } });
  assertEquals(person.status, 401);
});

Deno.test("it writes durable streams of that conversation, and none of the service's", async () => {
  const mine = await talk();
  const url = (path: string) => `${environment.url}/functions/v1/streams/v1/stream/${path}`;
  const say = (method: string, path: string, as: Someone, body?: string) =>
    fetch(url(path), {
      method,
      headers: { authorization: `Bearer ${as.token}`, "content-type": "text/plain" },
      ...(body === undefined ? {} : { body }),
    }).then(async (response) => ({ status: response.status, text: await response.text() }));
  const notes = `conversations/${mine}/notes`;
  assertEquals((await say("PUT", notes, forMember)).status, 201);
  assertEquals((await say("POST", notes, forMember, "Thought.")).status, 204);
  assertEquals((await say("GET", notes, forMember)).text, "Thought.");
  assertEquals((await say("GET", notes, member)).text, "Thought.");
  assertEquals((await say("PUT", notes, member)).status, 401);
  const theirs = `conversations/${await talk(member.id, elsewhere)}/notes`;
  for (const path of [theirs, `jobs/${crypto.randomUUID()}`]) {
    assertEquals((await say("PUT", path, forMember)).status, 404, path);
    assertEquals((await say("GET", path, forMember)).status, 404, path);
  }
  assertEquals((await say("DELETE", notes, forMember)).status, 204);
});

Deno.test("what it was hearing ends when the person takes their consent back", async () => {
  const mine = await talk();
  const opened = await ask("POST", "/streams", { as: forMember, body: { conversation_id: mine } });
  const path = `/streams/${opened.body.stream_id}`;
  const heard = { pieces: [] as string[], whole: null };
  const url = `${environment.url}/functions/v1${path}`;
  const durable =
    `${environment.url}/functions/v1/streams/v1/stream/answers/${opened.body.stream_id}`;
  const room = await fetch(`${environment.url}/functions/v1/presence/${workspace}/events`, {
    headers: { authorization: `Bearer ${forMember.token}` },
  });
  const live = await fetch(`${durable}?offset=-1&live=sse`, {
    headers: { authorization: `Bearer ${forMember.token}` },
  });
  assertDeepEquals([room.status, live.status], [200, 200]);
  const [reading, whole] = [
    openReader(url, forMember.token, heard).then((response) => listen(response, heard)),
    openReader(url, member.token, { pieces: [], whole: null }),
  ];
  await ask("POST", `${path}/chunks`, { as: forMember, body: { from: 0, chunks: ["Yes"] } });
  await eventually("it hears", () => heard.pieces.length === 1);
  await sql`delete from public.agent_consents where agent_id = ${agent} and user_id = ${member.id}`;
  // All three end; the person's own reading goes on.
  assertEquals(await reading, null);
  assert((await room.text()).endsWith('event: end\ndata: {"reason":"not_allowed"}\n\n'));
  // Believed for two seconds at most: what is said after them is not heard, however slow the machine.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const going = { from: 1, chunks: ["and on"] };
  assertEquals((await ask("POST", `${path}/chunks`, { as: "service", body: going })).status, 200);
  const told = await live.text();
  assert(told.includes("Yes") && !told.includes("and on"), told);
  const late = await ask("POST", `${path}/chunks`, {
    as: forMember,
    body: { from: 2, chunks: ["No"] },
  });
  assertDeepEquals([late.status, late.body.error.code], [403, "insufficient_scope"]);
  await allow(member);
  const own = { pieces: [] as string[], whole: null };
  const ending = listen(await whole, own);
  await eventually(
    "it may again",
    async () =>
      (await ask("POST", `${path}/finish`, { as: forMember, body: { error: "over" } })).status ===
        200,
  );
  assertEquals(await ending, "failed");
  assertDeepEquals(own.pieces, ["Yes", "and on"]);
});

Deno.test("it says what a turn used, of its own sessions, under request ids of its own", async () => {
  const session = await open(member);
  const turn = (request_id: string) => ({
    request_id,
    usage: [{ kind: "tokens", quantity: 7, unit: "token", amount_minor: 2, currency: "USD" }],
  });
  const path = `/sessions/${session}/turns`;
  const request = crypto.randomUUID();
  const said = await ask("POST", path, { as: forMember, body: turn(request) });
  assertDeepEquals([said.status, said.body.is_new], [201, true], JSON.stringify(said.body));
  const again = await ask("POST", path, { as: itself, body: turn(request) });
  assertDeepEquals([again.status, again.body.audit_id], [200, said.body.audit_id]);
  const service = await ask("POST", path, { as: "service", body: turn(request) });
  assertDeepEquals([service.status, service.body.is_new], [201, true]);
  const [entry] = await sql`
    select actor_id, agent_id from public.audit_log where id = ${said.body.audit_id}`;
  assertDeepEquals([entry?.actor_id, entry?.agent_id], [member.id, agent]);
  const priced = await ask("POST", path, { as: member, body: turn(crypto.randomUUID()) });
  assertDeepEquals([priced.status, priced.body.error.code], [400, "invalid_body"]);
  const long = await ask("POST", path, { as: forMember, body: turn("x".repeat(151)) });
  assertDeepEquals([long.status, long.body.error.code], [400, "invalid_body"]);

  await sql`
    insert into public.permissions (user_id, agent_id, workspace_id)
    values (${member.id}, ${elsewhere}, ${workspace})`;
  const others = [await open(member, elsewhere), await open(stranger.owner, stranger.agent)];
  for (const id of others) {
    for (const as of [forMember, itself]) {
      const refused = await ask("POST", `/sessions/${id}/turns`, { as, body: turn("r") });
      assertEquals(refused.status, 404);
    }
  }
  // For the member it says nothing of a session of somebody else's; as itself it does.
  const guests = `/sessions/${await open(guest)}/turns`;
  assertEquals((await ask("POST", guests, { as: forMember, body: turn("g") })).status, 404);
  assertEquals((await ask("POST", guests, { as: itself, body: turn("g") })).status, 201);
});

Deno.test("it takes from budgets for itself and its person, and nobody else does", async () => {
  await sql`
    insert into public.budgets (workspace_id, agent_id, period, amount, per_call)
    values (${workspace}, ${agent}, 'day', 100, 10)`;
  const request_id = crypto.randomUUID();
  const [acting, person] = [client(forMember.token), client(member.token)];
  const asked = { workspace_id: workspace, request_id, tokens: 90 };
  const reserved = await acting.rpc("reserve_usage", asked);
  assertDeepEquals([reserved.error, reserved.data], [null, true]);
  const beyond = await acting.rpc("reserve_usage", { ...asked, request_id: "next", tokens: 20 });
  assertDeepEquals([beyond.status, beyond.error?.code], [402, "budget_exhausted"]);
  const settled = await acting.rpc("settle_usage", {
    workspace_id: workspace,
    request_id,
    tokens: 5,
  });
  assertDeepEquals([settled.error, settled.data], [null, true]);
  assertEquals((await acting.rpc("reserve_usage", { ...asked, request_id: "next" })).data, true);
  const refusals = [
    person.rpc("reserve_usage", { ...asked, request_id: "mine" }),
    person.rpc("settle_usage", { workspace_id: workspace, request_id: "next", tokens: 0 }),
    // Who has no rights has none in no workspace either.
    person.rpc("reserve_usage", { ...asked, workspace_id: null as never, request_id: "mine" }),
    person.rpc("settle_usage", { workspace_id: null as never, request_id: "mine" }),
    acting.rpc("reserve_usage", { ...asked, request_id: "x", user_id: guest.id }),
    acting.rpc("reserve_usage", { ...asked, request_id: "x", agent_id: elsewhere }),
    acting.rpc("reserve_usage", { ...asked, workspace_id: stranger.workspace, request_id: "x" }),
  ];
  for (const { status, error } of await Promise.all(refusals)) {
    assertDeepEquals([status, error?.code], [403, "forbidden"]);
  }
  await sql`delete from public.budgets where workspace_id = ${workspace}`;
});

Deno.test("it says that it is here, and sees who is, in its own workspace", async () => {
  const body = { workspace_id: workspace };
  for (const as of [itself, forMember]) {
    assertEquals((await ask("PUT", "/presence", { as, body })).status, 200);
    const { status, body: seen } = await ask("GET", `/presence/${workspace}`, { as });
    assertEquals(status, 200);
    // Whomever it acts for, it is there as what it is.
    assertDeepEquals(
      seen.members.map(({ kind, id }: { kind: string; id: string }) => [kind, id]),
      [["agent", agent]],
    );
    const left = await ask("DELETE", `/presence?workspace_id=${workspace}`, { as });
    assertDeepEquals(left.body, { left: true });
    const refused = [
      await ask("PUT", "/presence", { as, body: { ...body, agent_id: elsewhere } }),
      await ask("PUT", "/presence", { as, body: { workspace_id: stranger.workspace } }),
      await ask("GET", `/presence/${stranger.workspace}`, { as }),
      await ask("GET", `/presence/${stranger.workspace}/events`, { as }),
    ];
    assertDeepEquals(refused.map(({ status }) => status), [404, 404, 404, 404]);
  }
});

Deno.test({
  name:
    "with a session it is handed what it exchanges for a token, for that person and while it lasts",
  ...lax,
  async fn() {
    const asked: Headers[] = [];
    await using own = await startOwn((_, headers) => asked.push(headers));
    const endpoint_url = `http://a.${world.namespace}.svc.cluster.local:81/chat`;
    await sql`update public.agents set endpoint_url = ${endpoint_url} where id = ${agent}`;
    const session = await open(member);
    const line = await call(session, member.token, own.base);
    await eventually("it was called", () => asked.length === 1);
    const handed = asked[0]?.get("x-groundwork-session-token") ?? "";
    assert(!handed.includes(member.token));
    // It opens nothing by itself.
    const as = { id: member.id, token: handed };
    assertEquals((await ask("GET", "/agents", { as })).status, 401);
    const rows = await client(handed).from("conversations").select("id");
    assertDeepEquals(rows.data ?? [], []);
    const account = await fetch(`${environment.url}/auth/v1/user`, {
      headers: {
        apikey: environment.publishableKeys.default ?? "",
        authorization: `Bearer ${handed}`,
      },
    });
    assertEquals(account.ok, false, await account.text());

    const given = await tokens.forSession(handed, ["conversations:write"])();
    const mine = await talk();
    const opened = await ask("POST", "/streams", {
      as: { id: member.id, token: given },
      body: { conversation_id: mine },
    });
    assertEquals(opened.status, 201, JSON.stringify(opened.body));
    const refusal = (source: () => Promise<string>) =>
      source().then(() => "given", (error: AgentTokenError) => error.code);
    const other = await makeCredential(elsewhere);
    assertEquals(await refusal(other.tokens.forSession(handed)), "invalid_request");
    // Neither a person's token nor one that was made up is one of a session.
    assertEquals(await refusal(tokens.forSession(member.token)), "invalid_request");
    const made = await mintToken(member.id, { client_id: agent, groundwork_session: session });
    assertEquals(await refusal(tokens.forSession(made)), "invalid_request");
    // Nor does an agent's own token open the person's socket.
    const refused = await ask("GET", `/sessions/${session}/connect`, { as: forMember });
    assertDeepEquals([refused.status, refused.body.error.code], [403, "insufficient_scope"]);
    line.socket.close(1000);
    await line.closed;
    assertEquals(await refusal(tokens.forSession(handed)), "given");
    assertEquals((await ask("DELETE", `/sessions/${session}`, { as: member })).status, 200);
    assertEquals(await refusal(tokens.forSession(handed)), "invalid_request");
  },
});
