/**
 * The clients of MCP that products have: the AI SDK's and the SDK of before (1.x), unmodified, as a person and as an
 * agent for them; and an authorization server that nobody trusts, whose tokens open nothing.
 */
import { createMCPClient } from "@ai-sdk/mcp";
import { Client } from "@modelcontextprotocol/sdk/client";
// The package names no types for what its exports name by a pattern.
// @ts-types="../../../node_modules/@modelcontextprotocol/sdk/dist/esm/client/streamableHttp.d.ts"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { createAgentTokens } from "../../../types/agent-tokens.ts";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { startForeignIssuer } from "./foreign-issuer.ts";
import { ask, connect, createWorld, environment } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { agent, workspace, admin, member } = world;
const url = `${environment.url}/functions/v1/mcp`;
const scopes = ["memory:read", "memory:write"];
Deno.test.afterAll(() => sql.end());

await sql`
  insert into public.permissions (user_id, agent_id, workspace_id)
  values (${member.id}, ${agent}, ${workspace})`;
await sql`
  insert into public.agent_consents (workspace_id, agent_id, user_id, scopes)
  values (${workspace}, ${agent}, ${member.id}, string_to_array(${scopes.join(" ")}, ' '))`;
const made = await ask("POST", `/agents/${agent}/credentials`, {
  as: admin,
  body: { name: "mcp", scopes },
});
const tokens = createAgentTokens({ url: environment.url, agent, credential: made.body.secret });

// deno-lint-ignore no-explicit-any -- results are of every shape
type Any = any;
interface Used extends AsyncDisposable {
  names: string[];
  call(name: string, args: Record<string, unknown>): Promise<Any>;
}

/** Each client in its own words. */
const clients: Record<string, (token: string) => Promise<Used>> = {
  "the AI SDK's": async (token) => {
    const headers = { authorization: `Bearer ${token}` };
    const client = await createMCPClient({ transport: { type: "http", url, headers } });
    const tools: Record<string, Any> = await client.tools();
    return {
      names: Object.keys(tools),
      call: (name, args) => tools[name].execute(args, { toolCallId: "1", messages: [] }),
      [Symbol.asyncDispose]: () => client.close(),
    };
  },
  "the SDK of before": async (token) => {
    const client = new Client({ name: "tests", version: "1.0.0" });
    const requestInit = { headers: { authorization: `Bearer ${token}` } };
    const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit });
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    const { tools } = await client.listTools();
    return {
      names: tools.map(({ name }) => name),
      call: (name, args) => client.callTool({ name, arguments: args }),
      [Symbol.asyncDispose]: () => client.close(),
    };
  },
};
const options = { sanitizeResources: false, sanitizeOps: false };

for (const [whose, start] of Object.entries(clients)) {
  Deno.test({
    name: `${whose} client lists tools, uses them and hears refusals, as a person and as an agent`,
    ...options,
    async fn() {
      await using person = await start(member.token);
      assert(person.names.includes("recall") && !person.names.includes("claim_work"));
      const content = `Likes tea number ${crypto.randomUUID().slice(0, 8)}`;
      const said = await person.call("remember", { content });
      assertEquals(said.structuredContent.outcome, "added");
      const missing = await person.call("read_document", { id: crypto.randomUUID() });
      assertEquals(missing.isError, true);
      assertEquals(JSON.parse(missing.content[0].text).error.code, "not_found");

      await using acting = await start(await tokens.forPerson(member.token, scopes)());
      const recalled = await acting.call("recall", { query: content });
      assertEquals(recalled.structuredContent.memories[0].content, content);
      const refused = await acting.call("search_documents", { query: "tea" })
        .then((result) => JSON.stringify(result), String);
      assert(/insufficient_scope|knowledge:read|403/.test(refused), refused);
    },
  });

  Deno.test({
    name: `${whose} client is told 401 without a token that is ours`,
    ...options,
    fn: async () => {
      const refused = await start("no.token.ofours").then(() => "connected", String);
      assert(/401|nauthorized|invalid_token/.test(refused), refused);
    },
  });
}

Deno.test({
  name: "tokens of an authorization server that is not this project's are refused everywhere",
  ...options,
  async fn() {
    // What it says of a person is what ours say: only who signed it is another.
    await using foreign = await startForeignIssuer();
    const said = { role: "authenticated", email: "x@y.example" };
    const token = await foreign.give({ subject: member.id, claims: said });
    const [, content = ""] = token.split(".");
    const claims = JSON.parse(atob(content.replaceAll("-", "+").replaceAll("_", "/")));
    assertDeepEquals([claims.iss, claims.aud, claims.role], [foreign.issuer, url, "authenticated"]);
    const as = { id: member.id, token };
    const refused = await fetch(url, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }),
    });
    await refused.body?.cancel();
    assertEquals(refused.status, 401);
    assert(/resource_metadata=/.test(refused.headers.get("www-authenticate") ?? ""));
    assertEquals((await ask("GET", "/agents", { as })).status, 401);
    const rows = await fetch(`${environment.url}/rest/v1/workspaces?select=id`, {
      headers: {
        apikey: environment.publishableKeys.default ?? "",
        authorization: `Bearer ${token}`,
      },
    });
    await rows.body?.cancel();
    assertEquals(rows.status, 401);
    // Nor does it stand for a person at the token endpoint.
    const exchanged = await tokens.forPerson(token)().then(() => "given", String);
    assert(/subject_token/.test(exchanged), exchanged);
    await using own = await clients["the SDK of before"]!(member.token);
    assert(own.names.includes("recall"));
  },
});
