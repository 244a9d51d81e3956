import assert from "node:assert/strict";
import { startTestAuth } from "./fixture.ts";
import { createInbox } from "./mails.ts";
import { chooseRedirect } from "./settings.ts";

Deno.test("what is not served, and the inbox", async (test) => {
  await using auth = await startTestAuth({}, 8);
  const { client } = auth;

  await test.step("a client hears which setting it would be", async () => {
    const guest = client();
    await guest.auth.signInAnonymously();
    const token = { provider: "google", token: "x.y.z" } as const;
    const codes = {
      linkIdentity: (await guest.auth.linkIdentity({ provider: "github" })).error?.code,
      enroll: (await guest.auth.mfa.enroll({ factorType: "totp" })).error?.code,
      challenge: (await guest.auth.mfa.challenge({ factorId: crypto.randomUUID() })).error?.code,
      signInWithIdToken: (await guest.auth.signInWithIdToken(token)).error?.code,
      signInWithSSO: (await guest.auth.signInWithSSO({ domain: "example.com" })).error?.code,
      phone: (await guest.auth.signInWithOtp({ phone: "+4915112345678" })).error?.code,
    };
    assert.deepEqual(codes, {
      linkIdentity: "manual_linking_disabled",
      enroll: "mfa_totp_enroll_not_enabled",
      challenge: "mfa_factor_not_found",
      signInWithIdToken: "provider_disabled",
      signInWithSSO: "saml_provider_disabled",
      phone: "phone_provider_disabled",
    });
    assert.deepEqual((await guest.auth.mfa.listFactors()).data?.all, []);
    const alone = await auth.askLite("/auth/v1/factors", { method: "POST", body: "{}" });
    assert.doesNotMatch(await alone.text(), /mfa_totp_enroll_not_enabled/);
  });

  await test.step("a provider that is off, and a path that no Auth has, are JSON", async () => {
    const headers = { apikey: auth.keys.publishableKey };
    for (
      const [path, status, code] of [
        ["/authorize?provider=github", 400, "validation_failed"],
        ["/nothing", 404, "not_found"],
      ]
    ) {
      const answer = await fetch(`${auth.url}/auth/v1${path}`, { headers });
      assert.deepEqual([answer.status, (await answer.json()).error_code], [status, code]);
    }
  });

  await test.step("mails can be read at a page and as JSON, and not by a page from elsewhere", async () => {
    await client().auth.signInWithOtp({ email: "ada+<b>@example.com" }).catch(() => {});
    await client().auth.signInWithOtp({ email: "ada@example.com" });
    const { otp, link } = auth.mail("ada@example.com");
    const page = await fetch(`${auth.url}/inbox`, { headers: { origin: "https://evil.example" } });
    const html = await page.text();
    assert.ok(html.includes(otp) && html.includes((link ?? "").replaceAll("&", "&amp;")));
    assert.equal(page.headers.get("access-control-allow-origin"), null);
    const json = await fetch(`${auth.url}/inbox.json?to=ada@example.com`);
    const [newest, ...rest] = await json.json();
    assert.deepEqual([newest.otp, newest.to, rest.length], [otp, "ada@example.com", 0]);
  });

  await test.step("one who asks for mails without end is stopped, and the backend's own still go", async () => {
    const codes = new Set<string | undefined>();
    for (let i = 0; i < 10 && !codes.has("over_request_rate_limit"); i++) {
      const { error } = await client().auth.signInWithOtp({ email: `stranger${i}@example.com` });
      codes.add(error?.code);
    }
    assert.ok(codes.has("over_request_rate_limit"));
    const { auth: { admin } } = client("secret");
    assert.equal((await admin.inviteUserByEmail("invited@example.com")).error, null);
    assert.equal(auth.mail("ada@example.com").to, "ada@example.com");
  });
});

Deno.test("an address has its next mail when the time has passed, and so many an hour", () => {
  const clock = { now: 0 };
  const inbox = createInbox(2, () => {}, () => clock.now);
  const send = () =>
    inbox.deliver({ to: "ada@example.com", kind: "recovery", otp: "1", link: null });
  const isRefused = () => assert.throws(send, { status: 429, code: "over_email_send_rate_limit" });
  send();
  isRefused();
  inbox.deliver({ to: "bob@example.com", kind: "recovery", otp: "1", link: null });
  for (let sent = 1; sent < 60; sent++) {
    clock.now += 2000;
    send();
  }
  clock.now += 2000;
  isRefused();
  clock.now = 3_600_001;
  send();
  assert.equal(inbox.list("ada@example.com").length, 60);
});

Deno.test("a link leads to the site, to this machine, or to what the settings name", () => {
  const settings = {
    site_url: "https://app.example",
    additional_redirect_urls: ["https://*.preview.example/**", "myapp://callback"],
  };
  const allowed = [
    "https://app.example/in?a=1",
    "http://localhost:5173/",
    "http://127.0.0.1:3000/x",
    "https://one.preview.example/deep/page",
    "myapp://callback",
  ];
  for (const url of allowed) assert.equal(chooseRedirect(settings, url), url);
  const refused = [
    "",
    "/path",
    "http://app.example/",
    "https://app.example.evil.example/",
    "https://evil.example/https://app.example",
    "https://app.example@evil.example/",
    "https://user@app.example/",
    "https://a.b.preview.example/",
    "https://preview.example/",
    "javascript:alert(1)//https://app.example",
    "http://localhost.evil.example/",
    "http://127.0.0.1.evil.example/",
    "javascript://localhost/%0aalert(1)",
    "myapp://callback.evil",
  ];
  for (const url of refused) {
    assert.equal(chooseRedirect(settings, url), "https://app.example", url);
  }
});
