import assert from "node:assert/strict";
import { readClaims } from "../tokens.ts";
import { startTestAuth } from "./fixture.ts";

const email = "ada@example.com";
const password = "a-long-password";

Deno.test("sessions", async (test) => {
  await using auth = await startTestAuth();
  const { client, sql } = auth;
  const signIn = async () => {
    const person = client();
    const { data, error } = await person.auth.signInWithPassword({ email, password });
    assert.equal(error, null);
    return { person, token: data.session?.refresh_token ?? "", session: data.session };
  };
  const refresh = async (token: string) => {
    const { data, error } = await client().auth.refreshSession({ refresh_token: token });
    return { token: data.session?.refresh_token ?? "", code: error?.code };
  };
  /** As if it had been done so many seconds earlier. */
  const age = (seconds: number) =>
    sql`update auth.refresh_tokens set updated_at = updated_at - make_interval(secs => ${seconds})`;
  assert.equal((await client().auth.signUp({ email, password })).error, null);

  await test.step("a token says what the platform's says", async () => {
    const { session } = await signIn();
    const claims = readClaims(session?.access_token ?? "");
    assert.equal(claims.iss, `${auth.url}/auth/v1`);
    assert.deepEqual([claims.aud, claims.role, claims.aal, claims.is_anonymous], [
      "authenticated",
      "authenticated",
      "aal1",
      false,
    ]);
    assert.deepEqual(claims.app_metadata, { provider: "email", providers: ["email"] });
    assert.equal((claims.amr as { method: string }[])[0]?.method, "password");
    assert.equal(session?.expires_in, 3600);
  });

  await test.step("two tabs that refresh at once both stay signed in, on the same next token", async () => {
    const { token } = await signIn();
    const [one, other] = await Promise.all([refresh(token), refresh(token)]);
    assert.deepEqual([one.code, other.code], [undefined, undefined]);
    assert.equal(one.token, other.token);
    await age(3600);
    // A client that did not hear the answer asks again much later.
    assert.equal((await refresh(token)).token, one.token);
    assert.equal((await refresh(one.token)).code, undefined);
  });

  await test.step("an older token counts for ten seconds, then it ends the whole session", async () => {
    const { token } = await signIn();
    const second = await refresh(token);
    const third = await refresh(second.token);
    assert.equal(third.code, undefined);
    await age(9);
    const forgiven = await refresh(token);
    assert.equal(forgiven.code, undefined);
    assert.equal((await refresh(third.token)).code, undefined);
    await age(11);
    assert.equal((await refresh(token)).code, "refresh_token_already_used");
    for (const former of [forgiven.token, third.token]) {
      assert.notEqual((await refresh(former)).code, undefined);
    }
  });

  await test.step("another session of the person goes on", async () => {
    const [stolen, other] = [await signIn(), await signIn()];
    const next = await refresh(stolen.token);
    await refresh(next.token);
    await age(11);
    assert.equal((await refresh(stolen.token)).code, "refresh_token_already_used");
    assert.equal((await refresh(other.token)).code, undefined);
    assert.equal((await refresh("no-such-token")).code, "refresh_token_not_found");
  });

  await test.step("lite refuses an older token at once: it knows no ten seconds", async () => {
    const ask = (grant: string, body: unknown) =>
      auth.askLite(`/auth/v1/token?grant_type=${grant}`, {
        method: "POST",
        body: JSON.stringify(body),
      });
    const { refresh_token } = await (await ask("password", { email, password })).json();
    const next = await (await ask("refresh_token", { refresh_token })).json();
    await (await ask("refresh_token", { refresh_token: next.refresh_token })).body?.cancel();
    assert.equal((await ask("refresh_token", { refresh_token })).status, 400);
  });

  await test.step("signing out ends this session, the others, or all, at once", async () => {
    const isIn = async ({ person }: Awaited<ReturnType<typeof signIn>>) =>
      (await person.auth.getUser()).error === null;
    const people = [await signIn(), await signIn(), await signIn()];
    const [one, two, three] = people as [typeof people[0], typeof people[0], typeof people[0]];
    await three.person.auth.signOut({ scope: "local" });
    assert.equal((await refresh(three.token)).code, "refresh_token_not_found");
    await one.person.auth.signOut({ scope: "others" });
    assert.deepEqual([await isIn(one), await isIn(two)], [true, false]);
    const again = await signIn();
    await one.person.auth.signOut({ scope: "global" });
    assert.equal(await isIn(again), false);
  });

  await test.step("a changed password ends the other sessions", async () => {
    const [here, elsewhere] = [await signIn(), await signIn()];
    assert.equal(
      (await here.person.auth.updateUser({ password })).error?.code,
      "same_password",
    );
    assert.equal(
      (await here.person.auth.updateUser({ password: "short" })).error?.code,
      "weak_password",
    );
    const changed = await here.person.auth.updateUser({ password: "a-newer-password" });
    assert.equal(changed.error, null);
    assert.equal((await refresh(elsewhere.token)).code, "refresh_token_not_found");
    assert.equal((await refresh(here.token)).code, undefined);
  });

  await test.step("nobody is answered without a key, nor as a person without a token of ours", async () => {
    const answer = await fetch(`${auth.url}/auth/v1/signup`, { method: "POST", body: "{}" });
    assert.equal(answer.status, 401);
    await answer.body?.cancel();
    const ask = async (authorization?: string) => {
      const headers = { apikey: auth.keys.publishableKey, ...(authorization && { authorization }) };
      const asked = await fetch(`${auth.url}/auth/v1/user`, { headers });
      return [asked.status, (await asked.json()).error_code];
    };
    assert.deepEqual(await ask(), [401, "no_authorization"]);
    assert.deepEqual(await ask(`Bearer ${auth.keys.publishableKey}`), [401, "no_authorization"]);
    assert.deepEqual(await ask("Bearer a.b.c"), [403, "bad_jwt"]);
    const { session } = await (async () => {
      const guest = client();
      return (await guest.auth.signInAnonymously()).data;
    })();
    const claims = readClaims(session?.access_token ?? "");
    const over = await auth.tokens.sign({ ...claims, iat: 1, exp: 2 });
    assert.deepEqual(await ask(`Bearer ${over}`), [403, "bad_jwt"]);
    const elsewhere = await auth.tokens.sign({ ...claims, session_id: crypto.randomUUID() });
    assert.deepEqual(await ask(`Bearer ${elsewhere}`), [403, "session_not_found"]);
    // Whoever signs tokens with the project's key must know it: one that names no session is the person's.
    const { session_id: _, ...unnamed } = claims;
    assert.equal((await ask(`Bearer ${await auth.tokens.sign(unnamed)}`))[0], 200);
    assert.equal((await ask(`bearer ${session?.access_token}`))[0], 200);
  });

  await test.step("bad input is told by name, never a 500", async () => {
    const ask = async (path: string, body: string) => {
      const answer = await fetch(`${auth.url}/auth/v1${path}`, {
        method: "POST",
        headers: { apikey: auth.keys.publishableKey },
        body,
      });
      return [answer.status, (await answer.json()).error_code];
    };
    const long = "x".repeat(300);
    for (const path of ["/signup", "/otp", "/recover", "/verify", "/token?grant_type=password"]) {
      assert.deepEqual(await ask(path, "{"), [400, "bad_json"], path);
      assert.deepEqual(
        await ask(path, '{"email": 1, "type": 1}'),
        [400, "validation_failed"],
        path,
      );
    }
    const named = (email: string) => JSON.stringify({ email, password, data: {} });
    assert.deepEqual(await ask("/signup", named("no address")), [400, "validation_failed"]);
    assert.deepEqual(await ask("/signup", named(`${long}@x.example`)), [400, "validation_failed"]);
    assert.deepEqual(await ask("/signup", '{"phone": "+1"}'), [400, "phone_provider_disabled"]);
    assert.deepEqual(await ask("/signup", " ".repeat(300_000)), [413, "request_too_large"]);
    assert.deepEqual(await ask("/signup", '{"data": {"a": "\\u0000"}}'), [
      400,
      "validation_failed",
    ]);
  });
});
