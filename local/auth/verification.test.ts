import assert from "node:assert/strict";
import { readClaims } from "../tokens.ts";
import { startTestAuth } from "./fixture.ts";

const password = "a-long-password";
const at = (who: string) => `${who}@example.com`;

/** What the link of a mail does in a browser. */
async function follow(link: string | null): Promise<URL> {
  const answer = await fetch(link ?? "", { redirect: "manual" });
  await answer.body?.cancel();
  assert.equal(answer.status, 303);
  return new URL(answer.headers.get("location") ?? "");
}
const fragmentOf = (url: URL) => Object.fromEntries(new URLSearchParams(url.hash.slice(1)));
const hashOf = (link: string | null) => new URL(link ?? "").searchParams.get("token") ?? "";
const anonymity = (token = "") => readClaims(token).is_anonymous;

Deno.test("codes that come by mail", async (test) => {
  await using auth = await startTestAuth({ confirmEmails: true });
  const { client, mail } = auth;

  await test.step("a sign-up waits for the code: before it nobody signs in with it", async () => {
    const ada = client();
    const signedUp = await ada.auth.signUp({ email: at("Ada"), password });
    assert.equal(signedUp.error, null);
    assert.equal(signedUp.data.session, null);
    const early = await ada.auth.signInWithPassword({ email: at("ada"), password });
    assert.equal(early.error?.code, "email_not_confirmed");
    const { otp } = mail(at("ada"));
    const wrong = await ada.auth.verifyOtp({ type: "signup", email: at("ada"), token: "x" });
    assert.equal(wrong.error?.code, "otp_expired");
    const { data, error } = await ada.auth.verifyOtp({
      type: "signup",
      email: at("ada"),
      token: otp,
    });
    assert.equal(error, null);
    assert.ok(data.user?.email_confirmed_at);
    const again = await ada.auth.verifyOtp({ type: "signup", email: at("ada"), token: otp });
    assert.equal(again.error?.code, "otp_expired");
    assert.equal((await ada.auth.signInWithPassword({ email: at("ada"), password })).error, null);
  });

  await test.step("of a known address a sign-up says what it says of a new one, and tells nobody", async () => {
    const before = auth.inbox.list().length;
    const { data, error } = await client().auth.signUp({
      email: at("ada"),
      password: "another-one",
    });
    assert.equal(error, null);
    assert.deepEqual(data.user?.identities, []);
    assert.equal(auth.inbox.list().length, before);
    // lite says that the address is known.
    await auth.askLite("/auth/v1/signup", {
      method: "POST",
      body: JSON.stringify({ email: at("lite"), password }),
    });
    const body = JSON.stringify({ email: at("lite"), password: "another-one" });
    const alone = await auth.askLite("/auth/v1/signup", { method: "POST", body });
    assert.notEqual(alone.status, 200);
  });

  await test.step("resend sends another code, and the former is no good", async () => {
    await client().auth.signUp({ email: at("bob"), password });
    const former = mail(at("bob")).otp;
    assert.equal((await client().auth.resend({ type: "signup", email: at("bob") })).error, null);
    const { otp } = mail(at("bob"));
    const bob = client();
    if (former !== otp) {
      const late = await bob.auth.verifyOtp({ type: "signup", email: at("bob"), token: former });
      assert.equal(late.error?.code, "otp_expired");
    }
    const { error } = await bob.auth.verifyOtp({ type: "email", email: at("bob"), token: otp });
    assert.equal(error, null);
    const mails = auth.inbox.list().length;
    for (const email of [at("bob"), at("nobody")]) {
      assert.equal((await client().auth.resend({ type: "signup", email })).error, null);
    }
    assert.equal(auth.inbox.list().length, mails);
  });

  await test.step("signInWithOtp makes nobody known before the code is back; lite does at once", async () => {
    const cara = client();
    assert.equal((await cara.auth.signInWithOtp({ email: at("cara") })).error, null);
    const isConfirmed = async (email: string) =>
      (await auth
        .sql`select confirmed_at is not null as it from auth.users where email = ${email}`)[0]
        ?.it;
    assert.equal(await isConfirmed(at("cara")), false);
    const { otp } = mail(at("cara"));
    const { data } = await cara.auth.verifyOtp({ type: "email", email: at("cara"), token: otp });
    assert.equal(data.user?.email, at("cara"));
    assert.equal(await isConfirmed(at("cara")), true);
    await auth.askLite("/auth/v1/otp", {
      method: "POST",
      body: JSON.stringify({ email: at("plain") }),
    });
    assert.equal(await isConfirmed(at("plain")), true);
    const unknown = await client().auth.signInWithOtp({
      email: at("unknown"),
      options: { shouldCreateUser: false },
    });
    assert.equal(unknown.error?.code, "otp_disabled");
  });

  await test.step("each type is verified by the hash of its link as well", async () => {
    const service = client("secret");
    const send = {
      magiclink: () => client().auth.signInWithOtp({ email: at("ada") }),
      email: () => client().auth.signInWithOtp({ email: at("ada") }),
      recovery: () => client().auth.resetPasswordForEmail(at("ada")),
      signup: () => client().auth.signUp({ email: at("signup"), password }),
      invite: () => service.auth.admin.inviteUserByEmail(at("invite")),
    };
    for (const type of ["magiclink", "email", "recovery", "signup", "invite"] as const) {
      assert.equal((await send[type]()).error, null, type);
      const [newest] = auth.inbox.list();
      const token_hash = hashOf(newest?.link ?? null);
      const person = client();
      const { data, error } = await person.auth.verifyOtp({ type, token_hash });
      assert.equal(error, null, type);
      assert.equal(data.session?.user.email, newest?.to, type);
      assert.equal((await person.auth.verifyOtp({ type, token_hash })).error?.code, "otp_expired");
    }
  });

  await test.step("a link opens in a browser, and ends where it may, with tokens in the fragment", async () => {
    await client().auth.resetPasswordForEmail(at("ada"), {
      redirectTo: "http://localhost:5173/new-password?from=mail",
    });
    const ended = await follow(mail(at("ada")).link);
    assert.equal(ended.href.split("#")[0], "http://localhost:5173/new-password?from=mail");
    const said = fragmentOf(ended);
    assert.equal(said.type, "recovery");
    const ada = client();
    const { error } = await ada.auth.setSession({
      access_token: said.access_token ?? "",
      refresh_token: said.refresh_token ?? "",
    });
    assert.equal(error, null);
    assert.equal((await ada.auth.updateUser({ password: "a-new-password" })).error, null);
    assert.equal(
      (await client().auth.signInWithPassword({ email: at("ada"), password })).error?.code,
      "invalid_credentials",
    );
    const second = fragmentOf(await follow(mail(at("ada")).link));
    assert.deepEqual([second.error, second.error_code], ["access_denied", "otp_expired"]);
  });

  await test.step("a link leads nowhere else", async () => {
    for (
      const redirectTo of [
        "https://evil.example/",
        "javascript:alert(1)",
        "http://127.0.0.1.evil.example",
      ]
    ) {
      await client().auth.signInWithOtp({
        email: at("ada"),
        options: { emailRedirectTo: redirectTo },
      });
      const ended = await follow(mail(at("ada")).link);
      assert.equal(ended.origin, "http://127.0.0.1:3000", redirectTo);
      assert.ok(fragmentOf(ended).access_token);
    }
  });

  await test.step("with PKCE the link brings a code that only the asking client can use", async () => {
    const ada = client("publishable", { pkce: true });
    await ada.auth.signInWithOtp({ email: at("ada") });
    const code = (await follow(mail(at("ada")).link)).searchParams.get("code") ?? "";
    const thief = await fetch(`${auth.url}/auth/v1/token?grant_type=pkce`, {
      method: "POST",
      headers: { apikey: auth.keys.publishableKey },
      body: JSON.stringify({ auth_code: code, code_verifier: "guessed" }),
    });
    assert.equal((await thief.json()).error_code, "bad_code_verifier");
    const { data, error } = await ada.auth.exchangeCodeForSession(code);
    assert.equal(error, null);
    assert.equal(data.user?.email, at("ada"));
    assert.notEqual((await ada.auth.exchangeCodeForSession(code)).error, null);
  });

  await test.step("a code is too old after an hour", async () => {
    await client().auth.signInWithOtp({ email: at("ada") });
    await auth.sql`update auth.users set recovery_sent_at = now() - interval '3601 seconds'`;
    const { otp } = mail(at("ada"));
    const late = await client().auth.verifyOtp({ type: "email", email: at("ada"), token: otp });
    assert.equal(late.error?.code, "otp_expired");
  });

  await test.step("a guest becomes known when the address has said so, and the next token says it", async () => {
    const guest = client();
    const { data } = await guest.auth.signInAnonymously({ options: { data: { name: "Guest" } } });
    assert.equal(anonymity(data.session?.access_token), true);
    const asked = await guest.auth.updateUser({ email: at("gus") });
    assert.equal(asked.error, null);
    assert.deepEqual([asked.data.user?.new_email, asked.data.user?.is_anonymous], [
      at("gus"),
      true,
    ]);
    const { otp } = mail(at("gus"));
    const known = await guest.auth.verifyOtp({
      type: "email_change",
      email: at("gus"),
      token: otp,
    });
    assert.equal(known.error, null);
    assert.equal(known.data.user?.id, data.user?.id);
    assert.equal(anonymity(known.data.session?.access_token), false);
    assert.equal(known.data.user?.user_metadata.name, "Guest");
    assert.equal((await guest.auth.updateUser({ password })).error, null);
    const { error } = await client().auth.signInWithPassword({ email: at("gus"), password });
    assert.equal(error, null);
    const alone = await auth.askLite("/auth/v1/signup", { method: "POST", body: "{}" });
    assert.notEqual(alone.status, 200);
  });

  await test.step("a guest may follow the link instead; without it a refreshed token is a guest's", async () => {
    const guest = client();
    await guest.auth.signInAnonymously();
    await guest.auth.updateUser({ email: at("gil") });
    const { data } = await guest.auth.refreshSession();
    assert.equal(anonymity(data.session?.access_token), true);
    assert.equal((await guest.auth.updateUser({ password })).error?.code, "validation_failed");
    await follow(mail(at("gil")).link);
    const after = await guest.auth.refreshSession();
    assert.equal(anonymity(after.data.session?.access_token), false);
    assert.equal((await guest.auth.getUser()).data.user?.email, at("gil"));
  });

  await test.step("a known address changes when both have said so; a taken one is refused", async () => {
    const bob = client();
    await bob.auth.signInWithPassword({ email: at("bob"), password });
    assert.equal((await bob.auth.updateUser({ email: at("ada") })).error?.code, "email_exists");
    await bob.auth.updateUser({ email: at("robert") });
    const first = await bob.auth.verifyOtp({
      type: "email_change",
      email: at("robert"),
      token: mail(at("robert")).otp,
    });
    assert.equal(first.error, null);
    assert.equal((await bob.auth.getUser()).data.user?.email, at("bob"));
    await follow(mail(at("bob")).link);
    assert.equal((await bob.auth.getUser()).data.user?.email, at("robert"));
  });

  await test.step("an old session changes a password with the code that reauthenticate sends", async () => {
    const bob = client();
    await bob.auth.signInWithPassword({ email: at("robert"), password });
    await auth.sql`update auth.sessions set created_at = now() - interval '2 days'`;
    const refused = await bob.auth.updateUser({ password: "another-password" });
    assert.equal(refused.error?.code, "reauthentication_needed");
    assert.equal((await bob.auth.reauthenticate()).error, null);
    const { otp } = mail(at("robert"));
    const wrong = await bob.auth.updateUser({ password: "another-password", nonce: `${otp}0` });
    assert.equal(wrong.error?.code, "reauthentication_not_valid");
    const changed = await bob.auth.updateUser({ password: "another-password", nonce: otp });
    assert.equal(changed.error, null);
  });

  await test.step("six digits are not guessed: after thirty tries the address is asked no more", async () => {
    const guess = () =>
      client().auth.verifyOtp({ type: "email", email: at("gus"), token: "000000" });
    const codes: (string | undefined)[] = [];
    for (let i = 0; i < 31; i++) codes.push((await guess()).error?.code);
    assert.ok(codes.includes("otp_expired"));
    assert.equal(codes.at(-1), "over_request_rate_limit");
    const other = await client().auth.verifyOtp({ type: "email", email: at("gil"), token: "0" });
    assert.equal(other.error?.code, "otp_expired");
  });
});
