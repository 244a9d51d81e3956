import { createClient } from "@supabase/supabase-js";
import { assertEquals } from "../_shared/asserts.ts";
import { ask, connect, createWorld, environment, makeForeignKey, mintToken } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
await sql.end();

const { id } = world.member;
const { agent } = world;
const foreign = await makeForeignKey();
const genuine = await mintToken(id);
const [header = "", payload = "", signature = ""] = genuine.split(".");
const seconds = Math.floor(Date.now() / 1000);

function unsigned(head: Record<string, unknown>): string {
  return `${btoa(JSON.stringify(head)).replaceAll("=", "")}.${payload}.`;
}

function flip(text: string): string {
  return `${text.startsWith("A") ? "B" : "A"}${text.slice(1)}`;
}

/**
 * Signed with HMAC, the public key as its secret: what a verifier believes that lets the token choose the algorithm.
 */
async function confused(): Promise<string> {
  const [key] = environment.keySet.keys;
  const head = { alg: "HS256", typ: "JWT", kid: key?.kid };
  const signed = `${btoa(JSON.stringify(head)).replaceAll("=", "")}.${payload}`;
  const text = new TextEncoder();
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const secret = text.encode(JSON.stringify(key));
  const signer = await crypto.subtle.importKey("raw", secret, hmac, false, ["sign"]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", signer, text.encode(signed)));
  return `${signed}.${bytes.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

const refused: Record<string, string> = {
  "signed by somebody else": await mintToken(id, {}, {}, foreign),
  "signed by an unknown key": await mintToken(id, {}, { kid: "another" }, foreign),
  "without a key id": await mintToken(id, {}, { kid: undefined }),
  "expired": await mintToken(id, { exp: seconds - 1 }),
  "without an end": await mintToken(id, { exp: undefined }),
  "not valid yet": await mintToken(id, { nbf: seconds + 3600 }),
  "of the service's role": await mintToken(id, { role: "service_role" }),
  "of nobody's role": await mintToken(id, { role: "anon" }),
  "without a subject": await mintToken(id, { sub: undefined }),
  "whose subject is no UUID": await mintToken(id, { sub: "1 or 1=1" }),
  "with algorithm none": unsigned({ alg: "none", kid: "x" }),
  "with algorithm none and our key id": unsigned({
    ...JSON.parse(atob(header)),
    alg: "none",
  }),
  "signed with the public key as a secret": await confused(),
  "with another person put in": `${header}.${
    btoa(JSON.stringify({ ...JSON.parse(atob(payload)), sub: world.admin.id })).replaceAll("=", "")
  }.${signature}`,
  "with its signature changed": `${header}.${payload}.${flip(signature)}`,
  "with its signature cut off": `${header}.${payload}.`,
  "that is no token": "hello",
  "of 9,000 characters": "x".repeat(9000),
};

Deno.test("a signed-in person's token is accepted, twice", async () => {
  for (let i = 0; i < 2; i++) {
    assertEquals((await ask("GET", "/agents", { as: world.member })).status, 200);
  }
});

for (const [what, token] of Object.entries(refused)) {
  Deno.test(`a token ${what} is refused, also the second time`, async () => {
    for (let i = 0; i < 2; i++) {
      const answered = await ask("GET", "/agents", { as: { id, token } });
      assertEquals(answered.status, 401);
      assertEquals(answered.body.error.code, "invalid_token");
      assertEquals(answered.headers.get("www-authenticate"), "Bearer");
    }
  });
}

const persons: [string, string][] = [
  ["GET", "/agents"],
  ["GET", `/agents/${agent}/access`],
  ["PUT", `/agents/${agent}/access/${id}`],
  ["DELETE", `/agents/${agent}/access/${id}`],
  ["POST", "/agents/access/check"],
  ["GET", "/sessions"],
  ["PUT", "/presence/typing"],
];
const either: [string, string][] = [
  ["POST", "/audit"],
  ["GET", `/audit/${world.workspace}/verify`],
  ["PUT", "/presence"],
  ["DELETE", "/presence"],
  ["GET", `/presence/${world.workspace}`],
  ["GET", `/presence/${world.workspace}/events`],
  ["POST", "/sessions"],
  ["PUT", `/sessions/${agent}`],
  ["DELETE", `/sessions/${agent}`],
  ["POST", `/sessions/${agent}/turns`],
  ["GET", `/sessions/${agent}/connect`],
];

for (const [method, path] of [...persons, ...either]) {
  Deno.test(`${method} ${path.replaceAll(/[0-9a-f-]{36}/g, ":id")} needs a credential`, async () => {
    for (
      const headers of [
        {},
        { apikey: environment.publishableKeys.default ?? "" },
        { apikey: "sb_secret_wrong" },
        { authorization: `Basic ${btoa("a:b")}` },
        { authorization: `Bearer ${environment.publishableKeys.default}` },
      ] as Record<string, string>[]
    ) {
      const answered = await ask(method, path, { headers });
      assertEquals(answered.status, 401, JSON.stringify(headers));
      assertEquals(answered.body.error.code, "not_authenticated");
    }
  });
}

for (const [method, path] of persons) {
  Deno.test(`${method} ${path.replaceAll(/[0-9a-f-]{36}/g, ":id")} is for persons`, async () => {
    assertEquals((await ask(method, path, { as: "service" })).status, 401);
  });
}

Deno.test("only the service clears the cache", async () => {
  const body = { floors: {} };
  assertEquals((await ask("POST", "/agents/invalidate", { as: "service", body })).status, 200);
  assertEquals((await ask("POST", "/agents/invalidate", { as: world.owner, body })).status, 401);
  assertEquals((await ask("POST", "/agents/invalidate", { as: "nobody", body })).status, 401);
});

Deno.test({
  name: "whoever signs in with supabase-js calls functions with it",
  sanitizeResources: false, // supabase-js keeps its connections and a timer
  sanitizeOps: false,
  async fn() {
    const client = createClient(environment.url, environment.publishableKeys.default ?? "", {
      auth: { persistSession: false, autoRefreshToken: false },
    });
    const signedOut = await client.functions.invoke("agents", { method: "GET" });
    assertEquals(signedOut.error?.context.status, 401);
    await signedOut.error?.context.body?.cancel();
    const email = `${crypto.randomUUID()}@test.example`;
    const { error } = await client.auth.signUp({ email, password: "correct horse battery" });
    assertEquals(error, null);
    const { data } = await client.functions.invoke("agents", { method: "GET" });
    assertEquals(data.agents.length, 0);
    assertEquals(data.next_cursor, null);
  },
});
