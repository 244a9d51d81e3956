/**
 * Tokens of an authorization server of others (`oidc-provider`) that the operator trusts: whose they are, what they
 * open, and every way in which they open nothing, each beside a twin that does. One that is not trusted:
 * mcp_clients_of_others_work_too.
 */
import { serve } from "../_shared/http/app.ts";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import type { Environment } from "../_shared/environment.ts";
import { app } from "../mcp/index.ts";
import { mcpUrl, startForeignIssuer } from "./foreign-issuer.ts";
import { ask, connect, createWorld, environment, startIsolate } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
const { agent, workspace, admin, member, guest } = world;
const options = { sanitizeResources: false, sanitizeOps: false };
const foreign = await startForeignIssuer();
const { issuer } = foreign;
const subject = `ben-${crypto.randomUUID()}`;
const scope = "memory:read memory:write";
const trusting = (changes: Partial<Environment["trustedIssuers"][number]> = {}) =>
  startIsolate({
    allowPrivateProviders: true,
    trustedIssuers: [{
      issuer,
      audience: mcpUrl,
      jwksUri: null,
      identityClient: "page",
      ...changes,
    }],
  });
const isolate = trusting();
const now = Date.now;
Deno.test.afterAll(async () => {
  Date.now = now;
  await isolate[Symbol.asyncDispose]();
  await foreign[Symbol.asyncDispose]();
  await sql.end();
});

await sql`
  insert into public.permissions (user_id, agent_id, workspace_id) values (${member.id}, ${agent}, ${workspace})`;
const made = await ask("POST", `/agents/${agent}/credentials`, {
  as: admin,
  body: { name: "Theirs", scopes: scope.split(" "), client: { id: "theirs", issuer } },
});
const consent = (scopes: string) =>
  sql`
    insert into public.agent_consents (workspace_id, agent_id, user_id, scopes)
    values (${workspace}, ${agent}, ${member.id}, string_to_array(${scopes}, ' '))
    on conflict (agent_id, user_id) do update set scopes = excluded.scopes`;
await consent(scope);
const link = (token: string, as = member, at = isolate) =>
  at.ask(app, "POST", "/mcp/identities", { as, body: { token } });

/** The status and the code of what calling a tool answers; the code is null where it did. */
async function call(token: string, name = "recall", input: object = {}, at = isolate) {
  const response = await serve(app, () => at.services).fetch(
    new Request(`${environment.url}/mcp`, {
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
        params: { name, arguments: input },
      }),
    }),
  );
  const text = await response.text();
  const code = /"code\\?":\\?"([a-z_]+)/.exec(text)?.[1] ?? null;
  return { status: response.status, code, text, headers: response.headers };
}
async function answers(
  token: string,
  expected: [status: number, code: string | null],
  at = isolate,
) {
  const { status, code, text } = await call(token, "recall", {}, at);
  assertDeepEquals([status, code], expected, text);
}
/** As if so many milliseconds had passed, for what is kept so long. */
const pass = (milliseconds: number) => {
  const before = Date.now;
  Date.now = () => before() + milliseconds;
};

Deno.test({
  name:
    "a person links who they are there by a token of the client that is for that, and nobody else's",
  ...options,
  async fn() {
    await answers(await foreign.give({ subject, scope }), [403, "identity_not_linked"]);
    const proof = await foreign.give({ subject, client: "page" });
    const refusals: [
      Promise<{ status: number; body: { error: { code: string } } }>,
      number,
      string,
    ][] = [
      [foreign.give({ subject }).then((token) => link(token)), 403, "forbidden"],
      [link(`${proof}x`), 422, "invalid_token"],
      [link(member.token), 422, "issuer_not_trusted"],
      [isolate.ask(app, "POST", "/mcp/identities", { as: member, body: {} }), 400, "invalid_body"],
      [
        isolate.ask(app, "POST", "/mcp/identities", { body: { token: proof } }),
        401,
        "not_authenticated",
      ],
    ];
    for (const [asked, status, code] of refusals) {
      const { status: is, body } = await asked;
      assertDeepEquals([is, body.error.code], [status, code]);
    }
    const linked = await link(proof);
    assertDeepEquals([linked.status, linked.body.subject, linked.body.issuer], [
      201,
      subject,
      issuer,
    ]);
    assertEquals((await link(proof)).status, 200);
    const taken = await link(proof, guest);
    assertDeepEquals([taken.status, taken.body.error.code], [409, "identity_taken"]);
    await using closed = trusting({ identityClient: null });
    assertEquals((await link(proof, guest, closed)).status, 403);
  },
});

Deno.test({
  name:
    "its token is the agent's for the person, with what token, credential and consent have in common",
  ...options,
  async fn() {
    const token = await foreign.give({ subject, scope, claims: { email: admin.id } });
    const said = await call(token, "remember", { content: "Likes tea" });
    assert(said.status === 200 && /added/.test(said.text), said.text);
    const [kept] = await sql`
      select user_id, agent_id from public.memories where workspace_id = ${workspace} and content = 'Likes tea'`;
    assertDeepEquals({ ...kept }, { user_id: member.id, agent_id: agent });
    const narrow = await foreign.give({ subject, scope: "memory:read" });
    assert(/Likes tea/.test((await call(narrow)).text));
    const refused = await call(narrow, "remember", { content: "x" });
    assertEquals(refused.status, 403);
    assert(/insufficient_scope.*memory:write/.test(refused.headers.get("www-authenticate") ?? ""));
    // One with none of them opens nothing at all, and is told which there are.
    const none = await call(await foreign.give({ subject, scope: "openid" }), "tools");
    assertEquals(none.status, 403);
    assert(/scope="memory:read memory:write"/.test(none.headers.get("www-authenticate") ?? ""));
    // One that says no scope opens no tool, and what it says beyond the credential nothing more.
    assertEquals((await call(await foreign.give({ subject }))).status, 403);
    const wide = await foreign.give({ subject, scope: `${scope} knowledge:read` });
    assertEquals((await call(wide, "search_documents", { query: "tea" })).status, 403);
  },
});

Deno.test({
  name: "the metadata names it beside the project's own Auth",
  ...options,
  async fn() {
    const { body } = await isolate.ask(app, "GET", "/mcp/.well-known/oauth-protected-resource");
    assertDeepEquals(body.authorization_servers.slice(1), [issuer]);
    assert(body.authorization_servers[0].endsWith("/auth/v1"));
  },
});

Deno.test({
  name: "for another audience, ended, of nobody, of no client, of another's signature: refused",
  ...options,
  async fn() {
    const ended = Math.floor(Date.now() / 1000) - 5;
    const good = await foreign.give({ subject, scope });
    await answers(good, [200, null]);
    const [head, content] = good.split(".");
    await using other = await startForeignIssuer();
    const forged = await other.give({ subject, scope, claims: { iss: issuer } });
    const none = btoa('{"alg":"none"}').replaceAll("=", "");
    const refused: [string, string][] = [
      [
        "for another audience",
        await foreign.give({ subject, scope, audience: "https://other.example" }),
      ],
      ["ended", await foreign.give({ subject, scope, claims: { exp: ended } })],
      ["of no end", await foreign.give({ subject, scope, claims: { exp: undefined } })],
      ["of no client", await foreign.give({ subject, scope, claims: { client_id: undefined } })],
      ["signed by another", forged],
      ["signed by nobody", `${none}.${content}.`],
      ["cut", `${head}.${content}.AAAA`],
    ];
    for (const [claim, token] of refused) {
      const { status, code, headers } = await call(token);
      assertDeepEquals([claim, status, code], [claim, 401, "invalid_token"]);
      assert(/resource_metadata=/.test(headers.get("www-authenticate") ?? ""), claim);
    }
    await answers(await foreign.give({ subject: "somebody", scope }), [403, "identity_not_linked"]);
    const elsewhere = { subject, scope, claims: { client_id: "another" } };
    await answers(await foreign.give(elsewhere), [403, "client_not_registered"]);
    // Where nobody trusts it, the same good token is nobody's.
    await using distrusting = startIsolate({ allowPrivateProviders: true });
    await answers(good, [401, "invalid_token"], distrusting);
    // Nor do other functions take it.
    assertEquals((await ask("GET", "/agents", { as: { id: member.id, token: good } })).status, 401);
  },
});

Deno.test({
  name: "what is taken back is gone with the next request: consent, agent, link",
  ...options,
  async fn() {
    const token = await foreign.give({ subject, scope });
    await answers(token, [200, null]);
    await sql`delete from public.agent_consents where agent_id = ${agent}`;
    await answers(token, [403, "consent_required"]);
    await consent(scope);
    await answers(token, [200, null]);
    await sql`update public.agents set status = 'draft' where id = ${agent}`;
    await answers(token, [403, "consent_required"]);
    await sql`update public.agents set status = 'published' where id = ${agent}`;
    await sql`delete from public.linked_identities where user_id = ${member.id}`;
    await answers(token, [403, "identity_not_linked"]);
    assertEquals((await link(await foreign.give({ subject, client: "page" }))).status, 201);
    await answers(token, [200, null]);
  },
});

Deno.test({
  name: "a new key is believed, and made-up keys cause no more than one question in 30 seconds",
  ...options,
  async fn() {
    const before = await foreign.give({ subject, scope });
    await answers(before, [200, null]);
    await foreign.rotate();
    const token = await foreign.give({ subject, scope });
    const keysAsked = () => foreign.asked.filter((path) => path === "/jwks").length;
    const asked = keysAsked();
    const made = () => {
      const head = btoa(`{"alg":"ES256","kid":"${crypto.randomUUID()}"}`).replaceAll("=", "");
      return `${head}.${token.split(".")[1]}.${token.split(".")[2]}`;
    };
    for (let i = 0; i < 5; i++) await answers(made(), [401, "invalid_token"]);
    assertEquals(keysAsked(), asked);
    pass(31_000);
    await answers(token, [200, null]);
    for (let i = 0; i < 5; i++) await answers(made(), [401, "invalid_token"]);
    assertEquals(keysAsked(), asked + 1);
    // The old key is gone: what was believed by it ends within a minute.
    pass(61_000);
    await answers(before, [401, "invalid_token"]);
    await answers(token, [200, null]);
  },
});

Deno.test({
  name:
    "while it is down its kept keys do; without them the answer is 503, at once, until it is back",
  ...options,
  async fn() {
    const token = await foreign.give({ subject, scope });
    const later = await foreign.give({ subject, scope });
    await answers(token, [200, null]);
    foreign.isDown = true;
    await answers(later, [200, null]);
    await using fresh = trusting();
    const away = await call(token, "recall", {}, fresh);
    assertDeepEquals([away.status, away.code, away.headers.get("retry-after")], [
      503,
      "issuer_unavailable",
      "5",
    ]);
    foreign.isDown = false;
    foreign.asked.length = 0;
    await answers(token, [503, "issuer_unavailable"], fresh);
    assertDeepEquals(foreign.asked, []);
    pass(6000);
    await answers(token, [200, null], fresh);
    // An issuer inside the network is asked nothing, where the operator does not allow that.
    await using strict = startIsolate({
      trustedIssuers: fresh.services.environment.trustedIssuers,
    });
    foreign.asked.length = 0;
    await answers(token, [503, "issuer_unavailable"], strict);
    assertDeepEquals(foreign.asked, []);
  },
});

Deno.test({
  name: "an admin ends the client's credential, and it is no agent any more",
  ...options,
  async fn() {
    const token = await foreign.give({ subject, scope });
    await answers(token, [200, null]);
    await ask("DELETE", `/agents/${agent}/credentials/${made.body.id}`, { as: admin });
    await answers(token, [403, "client_not_registered"]);
  },
});
