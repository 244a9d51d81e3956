import assert from "node:assert/strict";
import { startTestAuth } from "./fixture.ts";

const password = "a-long-password";
const at = (who: string) => `${who}@example.com`;

Deno.test("what a secret key may do with people", async (test) => {
  await using auth = await startTestAuth();
  const { client } = auth;
  const { admin } = client("secret").auth;
  const person = client();
  await person.auth.signUp({ email: at("ada"), password });
  const { data: { user: ada } } = await person.auth.getUser();

  await test.step("createUser makes a person who can sign in; lite has no such route", async () => {
    const { data, error } = await admin.createUser({
      email: at("Bob"),
      password,
      email_confirm: true,
      user_metadata: { name: "Bob" },
      app_metadata: { plan: "team" },
    });
    assert.equal(error, null);
    assert.deepEqual([data.user?.email, data.user?.app_metadata.plan], [at("bob"), "team"]);
    const signedIn = await client().auth.signInWithPassword({ email: at("bob"), password });
    assert.equal(signedIn.error, null);
    assert.equal(signedIn.data.user?.user_metadata.name, "Bob");
    const again = await admin.createUser({ email: at("bob"), password });
    assert.equal(again.error?.code, "email_exists");
    const alone = await auth.askLite("/auth/v1/admin/users", {
      method: "POST",
      headers: { apikey: auth.keys.secretKey },
      body: JSON.stringify({ email: at("lite"), password }),
    });
    assert.notEqual(alone.status, 200);
  });

  await test.step("listUsers gives a page and says how many there are", async () => {
    const { data, error } = await admin.listUsers({ page: 1, perPage: 1 });
    assert.equal(error, null);
    assert.deepEqual([data.users.length, "total" in data && data.total], [1, 2]);
    assert.equal("nextPage" in data && data.nextPage, 2);
    assert.equal((await admin.listUsers({ page: 3, perPage: 1 })).data.users.length, 0);
  });

  await test.step("getUserById and updateUserById see and change anybody", async () => {
    const id = ada?.id ?? "";
    assert.equal((await admin.getUserById(id)).data.user?.email, at("ada"));
    const { data, error } = await admin.updateUserById(id, {
      email: at("countess"),
      app_metadata: { plan: "free" },
      password: "a-newer-password",
    });
    assert.equal(error, null);
    assert.deepEqual([data.user?.email, data.user?.app_metadata.plan], [at("countess"), "free"]);
    const signedIn = await client().auth.signInWithPassword({
      email: at("countess"),
      password: "a-newer-password",
    });
    assert.equal(signedIn.error, null);
    await admin.updateUserById(id, { ban_duration: "1h30m" });
    const banned = await client().auth.signInWithPassword({
      email: at("countess"),
      password: "a-newer-password",
    });
    assert.equal(banned.error?.code, "user_banned");
    await admin.updateUserById(id, { ban_duration: "none" });
    const unknown = await admin.getUserById(crypto.randomUUID());
    assert.equal(unknown.error?.code, "user_not_found");
    const taken = await admin.updateUserById(id, { email: at("bob") });
    assert.equal(taken.error?.code, "email_exists");
  });

  await test.step("an invited person sets a password by the mail's link", async () => {
    const { data, error } = await admin.inviteUserByEmail(at("ida"), { data: { from: "Ada" } });
    assert.equal(error, null);
    assert.ok(data.user?.invited_at);
    const ida = client();
    const token = auth.mail(at("ida")).otp;
    const verified = await ida.auth.verifyOtp({ type: "invite", email: at("ida"), token });
    assert.equal(verified.data.user?.user_metadata.from, "Ada");
    assert.equal((await ida.auth.updateUser({ password })).error, null);
    const again = await admin.inviteUserByEmail(at("ida"));
    assert.equal(again.error?.code, "email_exists");
  });

  await test.step("generateLink gives each link without sending a mail", async () => {
    const before = auth.inbox.list().length;
    const wanted = [
      { type: "signup", email: at("new"), password },
      { type: "invite", email: at("guest") },
      { type: "magiclink", email: at("bob") },
      { type: "recovery", email: at("bob") },
    ] as const;
    for (const params of wanted) {
      const { data, error } = await admin.generateLink(params);
      assert.equal(error, null, params.type);
      const { action_link, hashed_token, verification_type } = data.properties ?? {};
      assert.equal(verification_type, params.type);
      assert.ok(action_link?.startsWith(`${auth.url}/auth/v1/verify?token=${hashed_token}`));
      const answer = await fetch(action_link ?? "", { redirect: "manual" });
      assert.match(answer.headers.get("location") ?? "", /#access_token=/);
      await answer.body?.cancel();
    }
    const change = { email: at("bob"), newEmail: at("robert") };
    for (const type of ["email_change_current", "email_change_new"] as const) {
      const { data, error } = await admin.generateLink({ type, ...change });
      assert.equal(error, null);
      const answer = await fetch(data.properties?.action_link ?? "", { redirect: "manual" });
      await answer.body?.cancel();
    }
    assert.equal(
      (await client().auth.signInWithPassword({ email: at("robert"), password })).error,
      null,
    );
    assert.equal(auth.inbox.list().length, before);
    const unknown = await admin.generateLink({ type: "recovery", email: at("nobody") });
    assert.equal(unknown.error?.code, "user_not_found");
  });

  await test.step("signOut ends the sessions of whoever's token it is", async () => {
    const ida = client();
    const { data } = await ida.auth.signInWithPassword({ email: at("ida"), password });
    assert.equal((await admin.signOut(data.session?.access_token ?? "", "global")).error, null);
    assert.notEqual((await ida.auth.getUser()).error, null);
  });

  await test.step("deleteUser deletes; softly, the row stays and names nobody", async () => {
    const { data: { users } } = await admin.listUsers();
    const idOf = (email: string) => users.find((user) => user.email === email)?.id ?? "";
    assert.equal((await admin.deleteUser(idOf(at("new")))).error, null);
    assert.equal((await admin.getUserById(idOf(at("new")))).error?.code, "user_not_found");
    assert.equal((await admin.deleteUser(idOf(at("guest")), true)).error, null);
    const soft = await admin.getUserById(idOf(at("guest")));
    assert.deepEqual([soft.data.user?.email, !!soft.data.user?.deleted_at], ["", true]);
    // What the project's own rules refuse is the platform's word, and the reason is in the log.
    await auth.sql.unsafe(`create function public.keep() returns trigger language plpgsql as
      $$ begin raise exception 'kept'; end; $$;
      create trigger keep before delete on auth.users for each row execute function public.keep();`);
    const { error: log } = console;
    console.error = () => {};
    const refused = await fetch(`${auth.url}/auth/v1/admin/users/${idOf(at("ida"))}`, {
      method: "DELETE",
      headers: { apikey: auth.keys.secretKey },
    });
    console.error = log;
    const { error_code, msg } = await refused.json();
    assert.deepEqual([refused.status, error_code, msg], [
      500,
      "unexpected_failure",
      "Database error deleting user",
    ]);
  });

  await test.step("nobody else may: neither the publishable key nor a person with the secret key beside", async () => {
    const id = ada?.id ?? "";
    const { data } = await client().auth.signUp({ email: at("eve"), password });
    const bearer = `Bearer ${data.session?.access_token}`;
    const callers: Record<string, string>[] = [
      { apikey: auth.keys.publishableKey },
      { apikey: auth.keys.publishableKey, authorization: bearer },
      { apikey: auth.keys.secretKey, authorization: bearer },
      { apikey: auth.keys.publishableKey, authorization: `Bearer ${auth.keys.secretKey}` },
    ];
    const routes = [
      ["GET", "/admin/users"],
      ["POST", "/admin/users"],
      ["GET", `/admin/users/${id}`],
      ["PUT", `/admin/users/${id}`],
      ["DELETE", `/admin/users/${id}`],
      ["GET", `/admin/users/${id}/factors`],
      ["POST", "/admin/generate_link"],
      ["POST", "/invite"],
    ] as const;
    for (const headers of callers) {
      for (const [method, path] of routes) {
        const body = method === "GET" ? null : JSON.stringify({ email: at("eve") });
        const answer = await fetch(`${auth.url}/auth/v1${path}`, { method, headers, body });
        assert.equal(answer.status, 403, `${method} ${path}`);
        assert.equal((await answer.json()).error_code, "not_admin");
      }
    }
    assert.equal((await admin.getUserById(id)).error, null);
  });
});
