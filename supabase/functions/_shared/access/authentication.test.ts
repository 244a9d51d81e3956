import { assertEquals, assertRefused } from "../asserts.ts";
import { createAuthenticator } from "./authentication.ts";

const secret = new Uint8Array(32).fill(7);
const person = "0b1f7c5e-1111-4222-8333-444455556666";

function encode(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function sign(said: Record<string, unknown>): Promise<string> {
  const claims = { iss: "https://api.example/auth/v1", aud: "authenticated", ...said };
  const text = (part: unknown) => encode(new TextEncoder().encode(JSON.stringify(part)));
  const signed = `${text({ alg: "HS256", kid: "k" })}.${text(claims)}`;
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(signed));
  return `${signed}.${encode(new Uint8Array(signature))}`;
}

/** An authenticator with a clock, whose keys can be taken away to see what it kept. */
function setUp() {
  const clock = { now: Date.now() };
  const keySet = { keys: [{ kty: "oct", kid: "k", alg: "HS256", k: encode(secret) }] };
  const authenticator = createAuthenticator({
    url: "http://127.0.0.1",
    publicUrl: "https://api.example",
    publishableKeys: { default: "sb_publishable_x" },
    secretKeys: { default: "sb_secret_x", automations: "sb_secret_y", other: "sb_secret_z" },
    keySet,
  }, () => clock.now);
  return { authenticator, clock, takeKeysAway: () => keySet.keys.splice(0) };
}

function request(headers: Record<string, string>): Request {
  return new Request("http://127.0.0.1", { headers });
}

const inTenMinutes = () => Math.floor(Date.now() / 1000) + 600;

Deno.test("a token that was verified is known without its key, until it ends", async () => {
  const { authenticator, clock, takeKeysAway } = setUp();
  const token = await sign({ sub: person, role: "authenticated", exp: inTenMinutes() });
  const asked = request({ authorization: `Bearer ${token}` });
  assertEquals(authenticator.recall(asked), undefined);
  await authenticator.identify(asked, "person");
  takeKeysAway();
  assertEquals(authenticator.recall(asked)?.userId, person);
  clock.now += 601_000;
  assertEquals(authenticator.recall(asked), undefined);
  await assertRefused(() => authenticator.identify(asked, "person"), 401, "invalid_token");
});

Deno.test("a token that was refused is not kept as anything", async () => {
  const { authenticator } = setUp();
  const token = await sign({ sub: person, role: "service_role", exp: inTenMinutes() });
  const asked = request({ authorization: `Bearer ${token}` });
  await assertRefused(() => authenticator.identify(asked, "person"), 401, "invalid_token");
  assertEquals(authenticator.recall(asked), undefined);
});

Deno.test("what no header can hold is no token, wherever it comes from", async () => {
  const { authenticator } = setUp();
  const token = await sign({ sub: person, role: "authenticated", exp: inTenMinutes() });
  assertEquals((await authenticator.verifyToken(token)).kind, "person");
  for (const odd of ["", " ", "a b", "a\nb", "a\0b", "ж.ж.ж", "😀", "\xff", `${token}\n`]) {
    await assertRefused(() => authenticator.verifyToken(odd), 401, "invalid_token");
  }
});

Deno.test("the default key and the automations' are the service's, others are not", async () => {
  const { authenticator } = setUp();
  for (const apikey of ["sb_secret_x", "sb_secret_y"]) {
    assertEquals((await authenticator.identify(request({ apikey }), "service")).kind, "service");
  }
  for (const apikey of ["sb_secret_z", "sb_publishable_x", "sb_secret_", ""]) {
    const identify = () => authenticator.identify(request({ apikey }), "service");
    await assertRefused(identify, 401, "not_authenticated");
  }
});

Deno.test("with both a token and a secret key it is the person who asks", async () => {
  const { authenticator } = setUp();
  const token = await sign({ sub: person, role: "authenticated", exp: inTenMinutes() });
  const both = request({ authorization: `Bearer ${token}`, apikey: "sb_secret_x" });
  assertEquals((await authenticator.identify(both, "person-or-service")).kind, "person");
  const bad = request({ authorization: "Bearer x.y.z", apikey: "sb_secret_x" });
  const identify = () => authenticator.identify(bad, "person-or-service");
  await assertRefused(identify, 401, "invalid_token");
});

Deno.test("a token is of this project's Auth and for its people, or it is none", async () => {
  const { authenticator } = setUp();
  const claims = { sub: person, role: "authenticated", exp: inTenMinutes() };
  const ask = async (said: Record<string, unknown>) =>
    await authenticator.verifyToken(await sign({ ...claims, ...said }));
  for (
    const good of [
      {},
      { iss: "http://127.0.0.1/auth/v1" },
      { aud: ["other", "authenticated"] },
    ]
  ) assertEquals((await ask(good)).userId, person);
  for (
    const bad of [
      { iss: undefined },
      { iss: "https://api.example" },
      { iss: "https://api.example.evil.example/auth/v1" },
      { iss: ["https://api.example/auth/v1"] },
      { aud: undefined },
      { aud: "anon" },
      { aud: ["authenticated-elsewhere"] },
    ]
  ) await assertRefused(() => ask(bad), 401, "invalid_token");
});

Deno.test("the scheme is read in any case, as RFC 7235 has it; another scheme is none", async () => {
  const { authenticator } = setUp();
  const token = await sign({ sub: person, role: "authenticated", exp: inTenMinutes() });
  for (const scheme of ["bearer", "Bearer", "BEARER"]) {
    const known = await authenticator.identify(
      request({ authorization: `${scheme} ${token}` }),
      "person",
    );
    assertEquals(known.kind, "person", scheme);
  }
  await assertRefused(
    () => authenticator.identify(request({ authorization: `Basic ${token}` }), "person"),
    401,
    "not_authenticated",
  );
});
