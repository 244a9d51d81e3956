/** The tools that no other test calls to their end: `world.ts` holds their results to `docs/openapi.json`. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { addConsent, addCredential, asAgent } from "./agent-tokens.ts";
import { createQueue, dropQueue } from "./queues.ts";
import { connect, createWorld, environment } from "./world.ts";

const sql = connect();
const { agent, workspace, member } = await createWorld(sql);
const queue = await createQueue(sql);
Deno.test.afterAll(async () => {
  await dropQueue(sql, queue);
  await sql.end();
});
const url = `${environment.url}/functions/v1/mcp`;
const own = [`work:${queue}`];
const forPerson = ["connections:use"];
await sql`
  insert into public.permissions (user_id, agent_id, workspace_id) values (${member.id}, ${agent}, ${workspace})`;
await addConsent(sql, agent, member.id, forPerson);
const credential = await addCredential(sql, agent, [...own, ...forPerson]);

/** Calls tools one after the other; each must succeed. */
async function withClient(
  token: string,
  // deno-lint-ignore no-explicit-any -- results are of every shape
  body: (call: (name: string, args?: Record<string, unknown>) => Promise<any>) => Promise<void>,
) {
  const client = new Client({ name: "tests", version: "1.0.0" });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  await body(async (name, args = {}) => {
    const { isError, structuredContent, content } = await client.callTool({
      name,
      arguments: args,
    });
    assert(!isError, `${name}: ${JSON.stringify(content)}`);
    return structuredContent;
  });
  await client.close();
}
const options = { sanitizeResources: false, sanitizeOps: false };

Deno.test({
  name: "a person lists agents, and asks in the background",
  ...options,
  async fn() {
    const talk = crypto.randomUUID();
    await sql`
      insert into public.conversations (id, workspace_id, user_id)
      values (${talk}, ${workspace}, ${member.id})`;
    await withClient(member.token, async (call) => {
      const { agents } = await call("list_agents");
      assertDeepEquals(agents.map(({ id }: { id: string }) => id), [agent]);
      const { id } = await call("ask_in_background", { conversation_id: talk, type: "report" });
      assert(id > 0);
    });
  },
});

Deno.test({
  name: "an agent does the work of a queue",
  ...options,
  async fn() {
    await sql.unsafe(`
      insert into public.${queue} (workspace_id, title)
      values ('${workspace}', 'one'), ('${workspace}', 'two'), ('${workspace}', 'three')`);
    const { token } = await asAgent(agent, credential, own);
    await withClient(token, async (call) => {
      const { work } = await call("claim_work", { queue, worker: "tests", batch: 3 });
      const [one, two, three] = work.map((
        { id, claim_token }: { id: number; claim_token: string },
      ) => ({ queue, claim_token, ids: [id] }));
      assertDeepEquals(await call("complete_work", { ...one, outcome: { outcome: "done" } }), {
        completed: 1,
      });
      assertDeepEquals(await call("fail_work", { ...two, error: "no" }), { failed: 1 });
      const until = new Date(Date.now() + 60_000).toISOString();
      assertDeepEquals(await call("snooze_work", { ...three, until }), { snoozed: 1 });
    });
  },
});

Deno.test({
  name: "an agent uses an account that its person connected",
  ...options,
  async fn() {
    const provider = `tests-${crypto.randomUUID().slice(0, 8)}`;
    await sql`
      insert into public.connection_providers (name, display_name, authorize_url, token_url, client_id)
      values (${provider}, 'P', 'https://p.example/a', 'https://p.example/t', 'c')`;
    const [made] = await sql<{ id: string }[]>`
      insert into public.service_connections (workspace_id, user_id, provider, access_secret_id)
      values (${workspace}, ${member.id}, ${provider}, vault.create_secret('a token'))
      returning id`;
    const { token } = await asAgent(agent, credential, forPerson, member.id);
    await withClient(token, async (call) => {
      const lent = await call("use_connection", { connection_id: made?.id, reason: "a test" });
      assertEquals(lent.access_token, "a token");
    });
  },
});
