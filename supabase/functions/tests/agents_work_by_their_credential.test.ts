/** What an agent does with its own credential and no secret key: its workspace's work, and an account lent to it. */
import { AgentTokenError, createAgentTokens } from "../../../types/agent-tokens.ts";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { addConsent } from "./agent-tokens.ts";
import { withQueue } from "./queues.ts";
import { ask, connect, createWorld, environment } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const other = await createWorld(sql);
const { agent, workspace, admin, member } = world;
await sql`
  insert into public.permissions (user_id, agent_id, workspace_id) values (${member.id}, ${agent}, ${workspace})`;
Deno.test.afterAll(() => sql.end());

/** A credential as an admin makes it, and the tokens that it gives. */
async function makeCredential(scopes: string[]) {
  const made = await ask("POST", `/agents/${agent}/credentials`, {
    as: admin,
    body: { name: "main", scopes },
  });
  assertEquals(made.status, 201, JSON.stringify(made.body));
  const { id, secret } = made.body as { id: string; secret: string };
  return { id, ...createAgentTokens({ url: environment.url, agent, credential: secret }) };
}

Deno.test("a worker does its workspace's work by its credential, and no other's", async () => {
  await withQueue(sql, async (queue) => {
    await sql.unsafe(`
      insert into public.${queue} (workspace_id, title)
      values ('${workspace}', 'ours'), ('${other.workspace}', 'theirs');
      create trigger audit_update after update on public.${queue}
        referencing old table as old_rows new table as new_rows for each statement
        execute function private.audit_changes('${queue}', 'id', 'status,outcome', 'workspace_id')`);
    const made = await makeCredential([`work:${queue}`, "memory:read"]);
    const as = { id: agent, token: await made.asItself()() };
    const narrow = { id: agent, token: await made.asItself(["memory:read"])() };
    // Work is done in nobody's name, and no consent helps.
    const refusal: unknown = await made.forPerson(member.token, [`work:${queue}`])().catch((
      error,
    ) => error);
    assert(refusal instanceof AgentTokenError);
    assertEquals(refusal.code, "invalid_scope");
    // Who asks for an empty list of scopes is not given all.
    for (const none of [made.asItself([]), made.forPerson(member.token, [])]) {
      const code = await none().then(() => "given", (error: AgentTokenError) => error.code);
      assertEquals(code, "invalid_scope");
    }
    const claim = { worker: "tests", batch: 10 };
    const refused = await ask("POST", `/work/${queue}/claim`, {
      as: narrow,
      body: claim,
    });
    assertDeepEquals([refused.status, refused.body.error.code], [403, "insufficient_scope"]);
    const elsewhere = await ask("POST", "/work/code_task_queue/claim", { as, body: claim });
    assertDeepEquals([elsewhere.status, elsewhere.body.error.code], [403, "insufficient_scope"]);

    const { body: { work } } = await ask("POST", `/work/${queue}/claim`, { as, body: claim });
    assertDeepEquals(work.map(({ work }: { work: { title: string } }) => work.title), ["ours"]);
    const held = { claim_token: work[0].claim_token, ids: [work[0].id] };
    const beat = await ask("POST", `/work/${queue}/heartbeat`, { as, body: held });
    assertEquals(beat.status, 200);
    const done = await ask("POST", `/work/${queue}/complete`, {
      as,
      body: { ...held, outcome: { outcome: "done" } },
    });
    assertDeepEquals([done.status, done.body.completed], [200, 1]);
    const entries = await sql`
      select actor_id, agent_id from public.audit_log where subject_type = ${queue} order by id`;
    assertDeepEquals(
      entries.map((entry) => [entry.actor_id, entry.agent_id]),
      [[null, agent], [null, agent]],
      "what is audited of claiming and finishing names the agent",
    );
    assertEquals(
      (await ask("POST", `/work/${queue}/cancel`, { as, body: { ids: [1] } })).status,
      401,
    );
    // So much at once is held in one isolate's memory: an agent's claims are not as large as the operator's.
    await sql.unsafe(`
      insert into public.${queue} (workspace_id, title)
      select '${workspace}', 'more ' || n from generate_series(1, 250) as n`);
    const greedy = { worker: "tests", batch: 1000 };
    const more = await ask("POST", `/work/${queue}/claim`, { as, body: greedy });
    assertEquals(more.body.work.length, 100);
    const operator = await ask("POST", `/work/${queue}/claim`, { as: "service", body: greedy });
    assert(operator.body.work.length > 100, `${operator.body.work.length} for the operator`);
    // Ended, it claims nothing any more, with the token that it has.
    await ask("DELETE", `/agents/${agent}/credentials/${made.id}`, { as: admin });
    assertEquals((await ask("POST", `/work/${queue}/claim`, { as, body: claim })).status, 403);
  });
});

Deno.test("an account is lent to the agent that acts for its person, without the secret key", async () => {
  const provider = `p-${crypto.randomUUID().slice(0, 8)}`;
  await sql`
    insert into public.connection_providers (name, display_name, authorize_url, token_url, client_id)
    values (${provider}, 'P', 'https://p.example/a', 'https://p.example/t', 'c')`;
  const connect = async (person: string) => {
    const [made] = await sql<{ id: string }[]>`
      insert into public.service_connections (workspace_id, user_id, provider, access_secret_id)
      values (${workspace}, ${person}, ${provider}, vault.create_secret(${`token of ${person}`}))
      returning id`;
    return made?.id;
  };
  const [mine, admins] = [await connect(member.id), await connect(admin.id)];
  const using = await makeCredential(["connections:use", "memory:read"]);
  await addConsent(sql, agent, member.id, ["memory:read", "connections:use"]);
  const held = using.forPerson(member.token, ["connections:use"]);
  const as = { id: member.id, token: await held() };
  const given = await ask("GET", `/connections/${mine}/token?reason=test`, { as });
  assertDeepEquals([given.status, given.body.access_token], [200, `token of ${member.id}`]);
  assertEquals((await ask("GET", `/connections/${admins}/token?reason=test`, { as })).status, 404);
  const narrow = { id: member.id, token: await using.forPerson(member.token, ["memory:read"])() };
  assertEquals(
    (await ask("GET", `/connections/${mine}/token?reason=test`, { as: narrow })).status,
    403,
  );
  assertEquals(
    (await ask("GET", `/connections/${mine}/token?reason=test`, { as: member })).status,
    401,
  );
  const [entry] = await sql`
    select actor_id, agent_id from public.audit_log
    where action = 'connection.token_read' and subject_id = ${String(mine)}`;
  assertDeepEquals([entry?.actor_id, entry?.agent_id], [member.id, agent]);
  await addConsent(sql, agent, member.id, ["memory:read"]);
  assertEquals((await ask("GET", `/connections/${mine}/token?reason=test`, { as })).status, 403);
});
