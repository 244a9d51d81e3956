/** Signing up and in, and what a session is kept by. */
import assert from "node:assert/strict";
import { outcomeOf, works } from "../outcome.ts";
import { anAddress, type Calls, password } from "../world.ts";

const pkce = { auth: { flowType: "pkce", persistSession: true, storage: inMemory() } } as const;

/** Keeps what a browser would. */
function inMemory() {
  const kept = new Map<string, string>();
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
}

export const sessions: Calls = {
  "auth.signUp": ({ open }) =>
    outcomeOf(open().auth.signUp({ email: anAddress(), password }), ({ data }) => {
      assert.ok(data.session?.access_token);
    }),
  "auth.signUp: by phone": ({ open }) =>
    outcomeOf(open().auth.signUp({ phone: "+4915112345678", password })),
  "auth.signInAnonymously": ({ open }) =>
    outcomeOf(open().auth.signInAnonymously(), ({ data }) => {
      assert.equal(data.user?.is_anonymous, true);
    }),
  "auth.signInWithPassword": async ({ open, signUp }) => {
    const { email } = await signUp();
    return outcomeOf(open().auth.signInWithPassword({ email, password }), ({ data }) => {
      assert.equal(data.user?.email, email);
    });
  },
  "auth.signInWithOtp": ({ open, mail }) => {
    const email = anAddress();
    return outcomeOf(open().auth.signInWithOtp({ email }), async () => {
      assert.match((await mail(email)).otp, /^\d{6}$/);
    });
  },
  "auth.signInWithOtp: by phone": ({ open }) =>
    outcomeOf(open().auth.signInWithOtp({ phone: "+4915112345678" })),
  "auth.verifyOtp": async ({ open, mail }) => {
    const email = anAddress();
    const client = open();
    await client.auth.signInWithOtp({ email });
    const { otp } = await mail(email);
    return outcomeOf(client.auth.verifyOtp({ email, token: otp, type: "email" }), ({ data }) => {
      assert.equal(data.user?.email, email);
    });
  },
  "auth.exchangeCodeForSession": async ({ open, mail }) => {
    const email = anAddress();
    const client = open("publishable", pkce);
    await client.auth.signInWithOtp({ email });
    const { link } = await mail(email);
    const followed = await fetch(link ?? "", { redirect: "manual" });
    await followed.body?.cancel();
    const code = new URL(followed.headers.get("location") ?? "").searchParams.get("code") ?? "";
    return outcomeOf(client.auth.exchangeCodeForSession(code), ({ data }) => {
      assert.equal(data.user?.email, email);
    });
  },
  "auth.signInWithOAuth": async ({ open }) => {
    const { data, error } = await open().auth.signInWithOAuth({
      provider: "github",
      options: { skipBrowserRedirect: true },
    });
    assert.equal(error, null);
    // It makes the address only; what is there is for the browser to see.
    const answer = await fetch(data.url ?? "");
    const { error_code: code } = await answer.json();
    return outcomeOf(Promise.resolve({ error: { status: answer.status, code } }));
  },
  "auth.signInWithIdToken": ({ open }) =>
    outcomeOf(open().auth.signInWithIdToken({ provider: "google", token: "x.y.z" })),
  "auth.signInWithSSO": ({ open }) =>
    outcomeOf(open().auth.signInWithSSO({ domain: "example.com" })),
  "auth.signInWithWeb3": ({ open }) =>
    outcomeOf(
      open().auth.signInWithWeb3({
        chain: "ethereum",
        message: "example.com wants you to sign in",
        signature: `0x${"00".repeat(65)}`,
      }),
    ),
  "auth.resetPasswordForEmail": async ({ open, signUp, mail }) => {
    const { email } = await signUp();
    return outcomeOf(open().auth.resetPasswordForEmail(email), async () => {
      assert.ok((await mail(email)).link);
    });
  },
  "auth.resend": async ({ open }) => {
    const email = anAddress();
    return await outcomeOf(open().auth.resend({ type: "signup", email }));
  },
  "auth.initialize": ({ open }) => outcomeOf(open().auth.initialize()),
  "auth.getSession": async ({ signUp }) => {
    const { client, email } = await signUp();
    return outcomeOf(client.auth.getSession(), ({ data }) => {
      assert.equal(data.session?.user.email, email);
    });
  },
  "auth.setSession": async ({ open, signUp }) => {
    const { client, email } = await signUp();
    const { data: { session } } = await client.auth.getSession();
    assert.ok(session);
    return outcomeOf(open().auth.setSession(session), ({ data }) => {
      assert.equal(data.user?.email, email);
    });
  },
  "auth.refreshSession": async ({ signUp }) => {
    const { client } = await signUp();
    const { data: before } = await client.auth.getSession();
    return outcomeOf(client.auth.refreshSession(), ({ data }) => {
      assert.ok(data.session);
      assert.notEqual(data.session.refresh_token, before.session?.refresh_token);
    });
  },
  "auth.getClaims": async ({ signUp }) => {
    const { client, email } = await signUp();
    return outcomeOf(client.auth.getClaims(), ({ data }) => {
      assert.deepEqual([data?.claims.email, data?.header.alg], [email, "ES256"]);
    });
  },
  "auth.onAuthStateChange": async ({ open }) => {
    const client = open();
    const events: string[] = [];
    const { data } = client.auth.onAuthStateChange((event) => void events.push(event));
    await client.auth.signInAnonymously();
    data.subscription.unsubscribe();
    assert.ok(events.includes("SIGNED_IN"), String(events));
    return works;
  },
  "auth.startAutoRefresh": async ({ signUp }) => {
    const { client } = await signUp();
    await client.auth.startAutoRefresh();
    await client.auth.stopAutoRefresh();
    return works;
  },
  "auth.stopAutoRefresh": async ({ open }) => {
    await open().auth.stopAutoRefresh();
    return works;
  },
  "auth.dispose": async ({ open }) => {
    await open().auth.dispose();
    return works;
  },
  "auth.isThrowOnErrorEnabled": ({ open }) => {
    assert.ok(!open().auth.isThrowOnErrorEnabled());
    return Promise.resolve(works);
  },
  "auth.signOut": async ({ signUp }) => {
    const { client } = await signUp();
    return outcomeOf(client.auth.signOut(), async () => {
      assert.equal((await client.auth.getSession()).data.session, null);
    });
  },
};
