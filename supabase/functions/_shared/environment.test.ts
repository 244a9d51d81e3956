import { throws } from "node:assert/strict";
import { assert, assertDeepEquals, assertEquals } from "./asserts.ts";
import { parseEnvironment } from "./environment.ts";

const complete: Record<string, string> = {
  SUPABASE_URL: "http://127.0.0.1:54321",
  SUPABASE_DB_URL: "postgresql://postgres@127.0.0.1:54322/postgres",
  SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_x"}',
  SUPABASE_SECRET_KEYS: '{"default":"sb_secret_x"}',
  SUPABASE_JWKS: '{"keys":[{"kty":"oct","kid":"1","alg":"HS256","k":"AAAA"}]}',
};

function parse(changes: Record<string, string | undefined> = {}) {
  const values: Record<string, string | undefined> = { ...complete, ...changes };
  return parseEnvironment((name) => values[name]);
}

Deno.test("the platform's own variables are enough", () => {
  const environment = parse();
  assertEquals(environment.databaseUrl, complete.SUPABASE_DB_URL);
  assertEquals(environment.pooled, false);
  assertEquals(environment.redis, null);
});

Deno.test("the pooler's URL is preferred over the direct connection", () => {
  const pooler = "postgresql://postgres@127.0.0.1:6543/postgres";
  assertEquals(parse({ GROUNDWORK_DB_URL: pooler }).databaseUrl, pooler);
  assertEquals(parse({ GROUNDWORK_DB_URL: pooler }).pooled, true);
});

Deno.test("replicas are URLs separated by commas, each with its own sslmode or the common one", () => {
  assertDeepEquals(parse().replicas, []);
  const urls = "postgres://a.example/db?sslmode=require, postgres://b.example/db,";
  assertDeepEquals(
    parse({ GROUNDWORK_REPLICA_URLS: urls, GROUNDWORK_DB_SSLMODE: "disable" }).replicas
      .map(({ url, databaseTls }) => [new URL(url).host, databaseTls.tls]),
    [["a.example", "require"], ["b.example", "disable"]],
  );
  for (const bad of ["b.example", "https://b.example", "postgres://b.example?sslmode=maybe"]) {
    throws(() => parse({ GROUNDWORK_REPLICA_URLS: bad }), /GROUNDWORK_REPLICA_URLS/);
  }
});

Deno.test("all functions' isolates together fit the smallest project, directly and through a pooler", async () => {
  const pooler = "postgresql://postgres@pooler:6543/postgres";
  let functions = 0;
  for await (const { name, isDirectory } of Deno.readDir(new URL("../", import.meta.url))) {
    if (isDirectory && name !== "_shared" && name !== "tests") functions++;
  }
  assert(functions * parse({}).poolSize <= 60 - 12, `${functions} functions`);
  assert(
    functions * parse({ GROUNDWORK_DB_URL: pooler }).poolSize <= 200,
    `${functions} functions`,
  );
  assertEquals(parse({ GROUNDWORK_DB_POOL: "5" }).poolSize, 5);
});

Deno.test("a bare array of keys is a key set too", () => {
  assertDeepEquals(parse({ SUPABASE_JWKS: '[{"kty":"oct"}]' }).keySet, { keys: [{ kty: "oct" }] });
});

Deno.test("a limit that is given replaces its default and leaves the others", () => {
  const { rateLimits } = parse({ GROUNDWORK_RATE_LIMITS: '{"check":7}' });
  assertEquals(rateLimits.check, 7);
  assertEquals(rateLimits.write, 120);
});

Deno.test("a platform has one key or one for each workspace", () => {
  assertEquals(parse().devto, null);
  assertDeepEquals(parse({ GROUNDWORK_DEVTO_KEY: "k" }).devto, {
    url: "https://dev.to",
    keys: "k",
  });
  assertDeepEquals(parse({ GROUNDWORK_DEVTO_KEY: '{"w": "k"}' }).devto?.keys, { w: "k" });
  const social = { GROUNDWORK_SOCIAL_URL: "https://social.example", GROUNDWORK_SOCIAL_KEY: "k" };
  assertDeepEquals(parse(social).social, { url: "https://social.example", keys: "k" });
});

Deno.test("a trusted issuer is an address, or says more of itself; its tokens are for the MCP server", () => {
  assertDeepEquals(parse().trustedIssuers, []);
  const GROUNDWORK_TRUSTED_ISSUERS = JSON.stringify([
    "https://login.example",
    { issuer: "https://other.example", audience: "groundwork", identity_client: "page" },
  ]);
  assertDeepEquals(parse({ GROUNDWORK_TRUSTED_ISSUERS }).trustedIssuers, [
    {
      issuer: "https://login.example",
      audience: "http://127.0.0.1:54321/functions/v1/mcp",
      jwksUri: null,
      identityClient: null,
    },
    {
      issuer: "https://other.example",
      audience: "groundwork",
      jwksUri: null,
      identityClient: "page",
    },
  ]);
  for (
    const wrong of [
      "login.example",
      '["login.example"]',
      '["https://a.example", "https://a.example"]',
    ]
  ) {
    throws(() => parse({ GROUNDWORK_TRUSTED_ISSUERS: wrong }), /GROUNDWORK_TRUSTED_ISSUERS/);
  }
});

Deno.test("every missing variable is named at once", () => {
  throws(
    () => parse({ SUPABASE_URL: undefined, SUPABASE_JWKS: "" }),
    /SUPABASE_URL is not set.*SUPABASE_JWKS is not set/,
  );
});

for (
  const [fault, changes] of Object.entries({
    SUPABASE_SECRET_KEYS: { SUPABASE_SECRET_KEYS: "sb_secret_very_private" },
    'no key named "default"': { SUPABASE_SECRET_KEYS: '{"automations":"sb_secret_very_private"}' },
    SUPABASE_DB_URL: { SUPABASE_DB_URL: "mysql://very_private@host/db" },
    UPSTASH_REDIS_REST_TOKEN: { UPSTASH_REDIS_REST_URL: "https://redis.example" },
    GROUNDWORK_RATE_LIMITS: { GROUNDWORK_RATE_LIMITS: '{"very_private":1}' },
    GROUNDWORK_DEVTO_KEY: { GROUNDWORK_DEVTO_KEY: '{"w": "sb_secret_very_private"' },
    GROUNDWORK_SOCIAL_KEY: { GROUNDWORK_SOCIAL_URL: "https://social.example" },
  })
) {
  Deno.test(`a malformed value is named and not shown: ${fault}`, () => {
    throws(() => parse(changes), (error: Error) => {
      assert(error.message.includes(fault), error.message);
      assert(!error.message.includes("sb_secret_very_private"), error.message);
      return true;
    });
  });
}

Deno.test("an embedder's endpoint has a model, and needs no key", () => {
  assertEquals(parse().embedder.endpoint, null);
  assertDeepEquals(parse({ GROUNDWORK_EMBEDDER_URL: "https://models.example/v1" }).embedder, {
    kind: null,
    endpoint: { url: "https://models.example/v1", key: null, model: "text-embedding-3-small" },
  });
  throws(() => parse({ GROUNDWORK_EMBEDDER: "magic" }), /GROUNDWORK_EMBEDDER/);
});
