/** What a server does to people's accounts. */
import assert from "node:assert/strict";
import { outcomeOf } from "../outcome.ts";
import { anAddress, type Calls, experimental, nobody, password, type World } from "../world.ts";

const asAdmin = ({ open }: World) => open("secret", experimental).auth.admin;

async function someone(world: World): Promise<string> {
  const { data } = await asAdmin(world).createUser({ email: anAddress(), password });
  assert.ok(data.user);
  return data.user.id;
}

export const admin: Calls = {
  "auth.admin.createUser": async (world) => {
    const email = anAddress();
    return await outcomeOf(asAdmin(world).createUser({ email, password }), ({ data }) => {
      assert.equal(data.user?.email, email);
    });
  },
  "auth.admin.listUsers": async (world) => {
    const id = await someone(world);
    return outcomeOf(asAdmin(world).listUsers({ perPage: 1000 }), ({ data }) => {
      assert.ok(data.users.some((user) => user.id === id));
    });
  },
  "auth.admin.getUserById": async (world) => {
    const id = await someone(world);
    return outcomeOf(asAdmin(world).getUserById(id), ({ data }) => {
      assert.equal(data.user?.id, id);
    });
  },
  "auth.admin.updateUserById": async (world) => {
    const id = await someone(world);
    const changing = asAdmin(world).updateUserById(id, { app_metadata: { plan: "big" } });
    return outcomeOf(changing, ({ data }) => assert.equal(data.user?.app_metadata.plan, "big"));
  },
  "auth.admin.deleteUser": async (world) => {
    const id = await someone(world);
    return outcomeOf(asAdmin(world).deleteUser(id), async () => {
      assert.equal((await asAdmin(world).getUserById(id)).error?.code, "user_not_found");
    });
  },
  "auth.admin.inviteUserByEmail": async (world) => {
    const email = anAddress();
    return await outcomeOf(asAdmin(world).inviteUserByEmail(email), async () => {
      assert.ok((await world.mail(email)).link);
    });
  },
  "auth.admin.generateLink": (world) =>
    outcomeOf(
      asAdmin(world).generateLink({ type: "magiclink", email: anAddress() }),
      ({ data }) => assert.ok(data.properties?.action_link),
    ),
  "auth.admin.signOut": async (world) => {
    const { client } = await world.signUp();
    const { data: { session } } = await client.auth.getSession();
    return outcomeOf(asAdmin(world).signOut(session?.access_token ?? ""), async () => {
      assert.ok((await client.auth.refreshSession()).error);
    });
  },
  "auth.admin.mfa.listFactors": async (world) => {
    const userId = await someone(world);
    return outcomeOf(asAdmin(world).mfa.listFactors({ userId }), ({ data }) => {
      assert.deepEqual(data?.factors, []);
    });
  },
  "auth.admin.mfa.deleteFactor": async (world) => {
    const userId = await someone(world);
    return outcomeOf(asAdmin(world).mfa.deleteFactor({ userId, id: nobody }));
  },
  "auth.admin.passkey.listPasskeys": async (world) =>
    outcomeOf(asAdmin(world).passkey.listPasskeys({ userId: await someone(world) })),
  "auth.admin.passkey.deletePasskey": async (world) =>
    outcomeOf(
      asAdmin(world).passkey.deletePasskey({ userId: await someone(world), passkeyId: nobody }),
    ),
  "auth.admin.oauth.listClients": (world) => outcomeOf(asAdmin(world).oauth.listClients()),
  "auth.admin.oauth.createClient": (world) =>
    outcomeOf(
      asAdmin(world).oauth.createClient({
        client_name: "A client",
        redirect_uris: ["https://app.example/callback"],
      }),
    ),
  "auth.admin.oauth.getClient": (world) => outcomeOf(asAdmin(world).oauth.getClient(nobody)),
  "auth.admin.oauth.updateClient": (world) =>
    outcomeOf(asAdmin(world).oauth.updateClient(nobody, { client_name: "Another" })),
  "auth.admin.oauth.deleteClient": (world) => outcomeOf(asAdmin(world).oauth.deleteClient(nobody)),
  "auth.admin.oauth.regenerateClientSecret": (world) =>
    outcomeOf(asAdmin(world).oauth.regenerateClientSecret(nobody)),
  "auth.admin.customProviders.listProviders": (world) =>
    outcomeOf(asAdmin(world).customProviders.listProviders()),
  "auth.admin.customProviders.createProvider": (world) =>
    outcomeOf(
      asAdmin(world).customProviders.createProvider({
        provider_type: "oidc",
        identifier: "custom:own",
        name: "Own",
        client_id: "id",
        client_secret: "secret",
        issuer: "https://issuer.example",
      }),
    ),
  "auth.admin.customProviders.getProvider": (world) =>
    outcomeOf(asAdmin(world).customProviders.getProvider("custom:own")),
  "auth.admin.customProviders.updateProvider": (world) =>
    outcomeOf(asAdmin(world).customProviders.updateProvider("custom:own", { name: "Other" })),
  "auth.admin.customProviders.deleteProvider": (world) =>
    outcomeOf(asAdmin(world).customProviders.deleteProvider("custom:own")),
};
