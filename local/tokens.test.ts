import { errors, type JWK, jwtVerify, SignJWT } from "jose";
import assert from "node:assert/strict";
import { loadKeys, makeJwks } from "./keys.ts";
import { createTokens, readClaims } from "./tokens.ts";

const apiUrl = "http://127.0.0.1:54321";
const keys = await loadKeys(null);
const tokens = createTokens(keys, apiUrl);
const secret = new TextEncoder().encode(keys.internalSecret);
const person = "0b1f7c5e-1111-4222-8333-444455556666";
const now = Math.floor(Date.now() / 1000);
const claims = { sub: person, role: "authenticated", iat: now, exp: now + 600 };

/** A token signed by hand, with whatever a test wants to be otherwise. */
function sign(
  changes: Record<string, unknown>,
  { alg = "ES256", key = keys.signingKey as JWK | Uint8Array } = {},
): Promise<string> {
  const header = { alg, kid: keys.signingKey.kid, typ: "JWT" };
  const content = { iss: tokens.issuer, aud: "authenticated", ...claims, ...changes };
  return new SignJWT(content).setProtectedHeader(header).sign(key);
}

const foreignKeys = await loadKeys(null);
const refused: Record<string, string> = {
  "of another issuer": await sign({ iss: "http://127.0.0.1:54322/auth/v1" }),
  "without an issuer": await sign({ iss: undefined }),
  "for another audience": await sign({ aud: "somebody" }),
  "without an end": await sign({ exp: undefined }),
  "not valid yet": await sign({ nbf: now + 600 }),
  "signed by another stack": await createTokens(foreignKeys, apiUrl).sign(claims),
  "that names our key and is signed by another": await sign({}, { key: foreignKeys.signingKey }),
  "signed with the public key as a secret": await sign({}, {
    alg: "HS256",
    key: new TextEncoder().encode(JSON.stringify(makeJwks(keys).keys[0])),
  }),
  "signed with lite's own secret": await sign({}, { alg: "HS256", key: secret }),
  "without a signature": `${btoa('{"alg":"none"}').replaceAll("=", "")}.${
    (await sign({})).split(".")[1]
  }.x`,
};

Deno.test("a token of ours is verified, and says who gave it out", async () => {
  const token = await tokens.sign(claims);
  assert.deepEqual(await tokens.verify(token), {
    ...claims,
    iss: `${apiUrl}/auth/v1`,
    aud: "authenticated",
  });
});

Deno.test("what is published of the key verifies, and does not sign", () => {
  const [key] = makeJwks(keys).keys;
  assert.equal(key?.alg, "ES256");
  assert.ok(key && !("d" in key) && "d" in keys.signingKey);
});

/** What lite makes of a header. */
async function readAsLite(authorization: string) {
  const token = (await tokens.translate(authorization)).replace("Bearer ", "");
  return (await jwtVerify(token, secret, { algorithms: ["HS256"] })).payload;
}

Deno.test("a verified token reaches lite with the same claims, however its scheme is written", async () => {
  const token = await tokens.sign(claims);
  for (const scheme of ["Bearer", "bearer", "BEARER"]) {
    assert.deepEqual(await readAsLite(`${scheme} ${token}`), readClaims(token));
  }
});

Deno.test("an expired token reaches lite as one that expired", async () => {
  const token = await tokens.sign({ ...claims, iat: now - 700, exp: now - 100 });
  await assert.rejects(tokens.verify(token), errors.JWTExpired);
  await assert.rejects(readAsLite(`Bearer ${token}`), errors.JWTExpired);
});

for (const [what, token] of Object.entries(refused)) {
  Deno.test(`a token ${what} is refused here, and by lite`, async () => {
    await assert.rejects(tokens.verify(token), errors.JOSEError);
    await assert.rejects(readAsLite(`Bearer ${token}`), errors.JOSEError);
    assert.equal(await readAsLite(`bearer ${token}`).catch(() => "refused"), "refused");
  });
}

Deno.test("what is no token passes as it is", async () => {
  for (const header of ["Basic YTpi", "Bearer sb_publishable_x", "Bearer a..c", ""]) {
    assert.equal(await tokens.translate(header), header);
  }
});
