/** What a person does with an account. */
import assert from "node:assert/strict";
import { outcomeOf } from "../outcome.ts";
import { anAddress, type Calls } from "../world.ts";

export const account: Calls = {
  "auth.getUser": async ({ signUp }) => {
    const { client, email } = await signUp();
    return outcomeOf(client.auth.getUser(), ({ data }) => {
      assert.equal(data.user?.email, email);
    });
  },
  "auth.updateUser": async ({ signUp }) => {
    const { client } = await signUp();
    return outcomeOf(client.auth.updateUser({ data: { nickname: "Ada" } }), ({ data }) => {
      assert.equal(data.user?.user_metadata.nickname, "Ada");
    });
  },
  "auth.updateUser: another address": async ({ signUp, mail }) => {
    const { client } = await signUp();
    const email = anAddress();
    return outcomeOf(client.auth.updateUser({ email }), async ({ data }) => {
      assert.equal(data.user?.new_email, email);
      assert.ok((await mail(email)).link);
    });
  },
  "auth.reauthenticate": async ({ signUp, mail }) => {
    const { client, email } = await signUp();
    return outcomeOf(client.auth.reauthenticate(), async () => {
      assert.match((await mail(email)).otp, /^\d{6}$/);
    });
  },
  "auth.getUserIdentities": async ({ signUp }) => {
    const { client } = await signUp();
    return outcomeOf(client.auth.getUserIdentities(), ({ data }) => {
      assert.equal(data?.identities[0]?.provider, "email");
    });
  },
  "auth.linkIdentity": async ({ signUp }) => {
    const { client } = await signUp();
    return outcomeOf(client.auth.linkIdentity({ provider: "github" }));
  },
  "auth.linkIdentity: with a token": async ({ signUp }) => {
    const { client } = await signUp();
    return outcomeOf(client.auth.linkIdentity({ provider: "google", token: "x.y.z" }));
  },
  "auth.unlinkIdentity": async ({ signUp }) => {
    const { client } = await signUp();
    const { data } = await client.auth.getUserIdentities();
    const identity = data?.identities[0];
    assert.ok(identity);
    return outcomeOf(client.auth.unlinkIdentity(identity));
  },
};
