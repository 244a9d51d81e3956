import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import {
  authorizeUrl,
  challengeOf,
  digestOf,
  formRequest,
  randomText,
  readRevocationAnswer,
  readTokenAnswer,
  verifierOf,
} from "./oauth.ts";

Deno.test("the challenge is that of RFC 7636, appendix B", () => {
  assertEquals(
    challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  );
});

Deno.test("a verifier needs both halves, is of the form that the standard asks for, and differs each time", () => {
  const state = randomText();
  const salt = randomText();
  const verifier = verifierOf(state, salt);
  assert(/^[A-Za-z0-9_-]{43}$/.test(verifier) && /^[A-Za-z0-9_-]{43}$/.test(state));
  assertEquals(verifierOf(state, salt), verifier);
  const others = [verifierOf(state, randomText()), verifierOf(randomText(), salt), digestOf(state)];
  assertEquals(new Set([verifier, state, salt, ...others]).size, 6);
});

Deno.test("what the protocol sends wins over a provider's own parameters, which are added", () => {
  const url = new URL(authorizeUrl({
    authorize_url: "https://a.example/authorize?tenant=7",
    client_id: "us",
    scopes: ["read", "mail:write"],
    authorize_parameters: { access_type: "offline", state: "fixed", redirect_uri: "https://evil" },
  }, { state: "s", redirectUri: "https://us.example/back", challenge: "c" }));
  assertDeepEquals(Object.fromEntries(url.searchParams), {
    tenant: "7",
    access_type: "offline",
    state: "s",
    redirect_uri: "https://us.example/back",
    response_type: "code",
    client_id: "us",
    scope: "read mail:write",
    code_challenge: "c",
    code_challenge_method: "S256",
  });
});

Deno.test("a client proves itself in the header, in the body, or not", () => {
  const client = { client_id: "a:b", client_secret: "p w%" };
  const prove = (client_authentication: string) => {
    const { headers, body } = formRequest({ x: "1" }, { ...client, client_authentication });
    return [headers.authorization && atob(headers.authorization.slice(6)), body];
  };
  assertDeepEquals(prove("basic"), ["a%3Ab:p+w%25", "x=1"]);
  assertDeepEquals(prove("post"), [undefined, "x=1&client_id=a%3Ab&client_secret=p+w%25"]);
  assertDeepEquals(prove("none"), [undefined, "x=1&client_id=a%3Ab"]);
});

const good = { access_token: "a", token_type: "Bearer" };

Deno.test("an answer is read as the standard has it, and as providers do", () => {
  const idToken = (claims: unknown) => `x.${btoa(JSON.stringify(claims)).replaceAll("=", "")}.y`;
  for (
    const [given, grant] of [
      [{}, {}],
      [{ token_type: undefined }, {}],
      [{ refresh_token: "r", expires_in: 60 }, { refreshToken: "r", expiresIn: 60 }],
      [{ expires_in: "60" }, { expiresIn: 60 }],
      [{ expires_in: 1e15 }, { expiresIn: 315_360_000 }],
      [{ expires_in: 0 }, {}],
      [{ expires_in: -5 }, {}],
      [{ scope: "a b" }, { scopes: ["a", "b"] }],
      [{ scope: "a,b" }, { scopes: ["a", "b"] }],
      [{ id_token: idToken({ sub: "7", email: "ada@example.com" }) }, {
        account: "ada@example.com",
      }],
      [{ id_token: idToken({ sub: "7" }) }, { account: "7" }],
      [{ id_token: idToken({ sub: 7 }) }, {}],
      [{ id_token: "nonsense" }, {}],
    ] as const
  ) {
    assertDeepEquals(readTokenAnswer(200, JSON.stringify({ ...good, ...given })), {
      kind: "granted",
      grant: {
        accessToken: "a",
        refreshToken: null,
        expiresIn: null,
        scopes: null,
        account: null,
        ...grant,
      },
    }, JSON.stringify(given));
  }
});

Deno.test("Slack's answers are read: a bot's token, and a person's that is nested", () => {
  const slack = {
    ok: true,
    app_id: "A1",
    team: { id: "T1", name: "Acme" },
    is_enterprise_install: false,
  };
  const bot = readTokenAnswer(
    200,
    JSON.stringify({
      ...slack,
      access_token: "xoxb-1",
      token_type: "bot",
      scope: "chat:write,users:read",
      bot_user_id: "U0",
      authed_user: { id: "U1", scope: "search:read", access_token: "xoxp-1", token_type: "user" },
    }),
  );
  assertEquals(bot.kind === "granted" && bot.grant.accessToken, "xoxb-1");
  assertDeepEquals(bot.kind === "granted" && bot.grant.scopes, ["chat:write", "users:read"]);
  const person = readTokenAnswer(
    200,
    JSON.stringify({
      ...slack,
      authed_user: {
        id: "U1",
        scope: "search:read",
        access_token: "xoxp-1",
        token_type: "user",
        refresh_token: "xoxe-1",
        expires_in: 43_200,
      },
    }),
  );
  assertDeepEquals(person, {
    kind: "granted",
    grant: {
      accessToken: "xoxp-1",
      refreshToken: "xoxe-1",
      expiresIn: 43_200,
      scopes: ["search:read"],
      account: null,
    },
  });
});

for (
  const [kind, status, body] of [
    ["revoked", 200, { ok: false, error: "code_already_used" }],
    ["revoked", 200, { ok: false, error: "invalid_refresh_token" }],
    ["failed", 200, { ok: true, authed_user: { id: "U1" } }],
    ["failed", 200, { authed_user: { access_token: "a b" } }],
    ["revoked", 400, { error: "invalid_grant" }],
    ["revoked", 401, { error: "invalid_grant" }],
    ["revoked", 200, { error: "bad_refresh_token" }],
    ["refused", 401, { error: "invalid_client" }],
    ["refused", 400, { error: "invalid_scope" }],
    ["failed", 503, { error: "invalid_grant" }],
    ["failed", 500, {}],
    ["failed", 429, { error: "invalid_grant" }],
    ["failed", 400, { error: "temporarily_unavailable" }],
    ["failed", 400, { error: "Invalid Grant!" }],
    ["failed", 400, "<html>invalid_grant</html>"],
    ["failed", 403, {}],
    ["failed", 302, {}],
    ["failed", 200, {}],
    ["failed", 200, "access_token=a"],
    ["failed", 200, [good]],
    ["failed", 200, { ...good, token_type: "mac" }],
    ["failed", 200, { ...good, access_token: "a b" }],
    ["failed", 200, { ...good, access_token: "" }],
    ["failed", 200, { ...good, access_token: "a".repeat(16_385) }],
    ["failed", 200, { ...good, refresh_token: "é" }],
    ["failed", 200, { ...good, refresh_token: 5 }],
  ] as const
) {
  const said = typeof body === "string" ? body : JSON.stringify(body);
  Deno.test(`${status} ${said.slice(0, 60)} means ${kind}`, () => {
    const outcome = readTokenAnswer(status, said);
    assert(outcome.kind === kind, JSON.stringify(outcome));
    assert(outcome.trouble.length <= 100);
  });
}

Deno.test("a token is taken back when the provider says so, or does not know it", () => {
  assertEquals(readRevocationAnswer(200, ""), null);
  assertEquals(readRevocationAnswer(204, ""), null);
  assertEquals(readRevocationAnswer(400, '{"error":"invalid_grant"}'), null);
  assertEquals(
    readRevocationAnswer(400, '{"error":"unsupported_token_type"}'),
    "unsupported_token_type",
  );
  assertEquals(readRevocationAnswer(503, '{"error":"invalid_grant"}'), "answered 503");
  assert(
    readRevocationAnswer(200, '{"error":"invalid_client"}') === null,
    "RFC 7009: 200 is all there is",
  );
});
