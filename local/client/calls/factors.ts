/** A second factor, passkeys, and Auth as a provider for others. */
import type { SupabaseClient } from "@supabase/supabase-js";
import assert from "node:assert/strict";
import { type Outcome, outcomeOf } from "../outcome.ts";
import { type Calls, experimental, nobody, type World } from "../world.ts";

const factorId = nobody;
const bytes = new Uint8Array(1).buffer;
/** What a browser's authenticator would give. */
const credential = {
  id: "AA",
  rawId: bytes,
  type: "public-key",
  response: { clientDataJSON: bytes, authenticatorData: bytes, signature: bytes },
  getClientExtensionResults: () => ({}),
} as never;

/** Calls as somebody who has signed up. */
const as = (call: (auth: SupabaseClient["auth"]) => Promise<Outcome>) => async (world: World) =>
  await call((await world.signUp(experimental)).client.auth);

/** The library looks for a browser before it asks anybody: this is what it looks for. */
async function inBrowser<T>(body: () => Promise<T>): Promise<T> {
  const refuse = () => Promise.reject(new Error("nobody touches the authenticator"));
  const given: [object, string, unknown][] = [
    [globalThis, "window", globalThis],
    [globalThis, "PublicKeyCredential", class {}],
    [globalThis, "document", {}],
    [globalThis, "location", new URL("https://app.example")],
    [navigator, "credentials", { create: refuse, get: refuse }],
  ];
  const before = given.map(([where, name]) => Object.getOwnPropertyDescriptor(where, name));
  for (const [where, name, value] of given) {
    Object.defineProperty(where, name, { value, configurable: true });
  }
  try {
    return await body();
  } finally {
    given.forEach(([where, name], i) => {
      const former = before[i];
      if (former) Object.defineProperty(where, name, former);
      else Reflect.deleteProperty(where, name);
    });
  }
}

export const factors: Calls = {
  "auth.mfa.enroll": as(({ mfa }) => outcomeOf(mfa.enroll({ factorType: "totp" }))),
  "auth.mfa.enroll: a phone": as(({ mfa }) =>
    outcomeOf(mfa.enroll({ factorType: "phone", phone: "+4915112345678" }))
  ),
  "auth.mfa.challenge": as(({ mfa }) => outcomeOf(mfa.challenge({ factorId }))),
  "auth.mfa.verify": as(({ mfa }) =>
    outcomeOf(mfa.verify({ factorId, challengeId: nobody, code: "123456" }))
  ),
  "auth.mfa.challengeAndVerify": as(({ mfa }) =>
    outcomeOf(mfa.challengeAndVerify({ factorId, code: "123456" }))
  ),
  "auth.mfa.unenroll": as(({ mfa }) => outcomeOf(mfa.unenroll({ factorId }))),
  "auth.mfa.listFactors": as(({ mfa }) =>
    outcomeOf(mfa.listFactors(), ({ data }) => assert.deepEqual(data?.all, []))
  ),
  "auth.mfa.getAuthenticatorAssuranceLevel": as(({ mfa }) =>
    outcomeOf(mfa.getAuthenticatorAssuranceLevel(), ({ data }) => {
      assert.equal(data?.currentLevel, "aal1");
    })
  ),
  "auth.mfa.webauthn.enroll": as(({ mfa }) =>
    outcomeOf(mfa.webauthn.enroll({ friendlyName: "A key" }))
  ),
  "auth.mfa.webauthn.challenge": as(({ mfa }) =>
    outcomeOf(mfa.webauthn.challenge({ factorId, webauthn: { rpId: "localhost" } }))
  ),
  "auth.mfa.webauthn.verify": as(({ mfa }) =>
    outcomeOf(mfa.webauthn.verify({
      factorId,
      challengeId: nobody,
      webauthn: { rpId: "localhost", type: "request", credential_response: credential },
    }))
  ),
  "auth.mfa.webauthn.register": as(({ mfa }) =>
    inBrowser(() =>
      outcomeOf(mfa.webauthn.register({ friendlyName: "A key", webauthn: { rpId: "localhost" } }))
    )
  ),
  "auth.mfa.webauthn.authenticate": as(({ mfa }) =>
    inBrowser(() =>
      outcomeOf(mfa.webauthn.authenticate({ factorId, webauthn: { rpId: "localhost" } }))
    )
  ),
  "auth.mfa.recoveryCodes.getStatus": as(({ mfa }) => outcomeOf(mfa.recoveryCodes.getStatus())),
  "auth.mfa.recoveryCodes.generate": as(({ mfa }) => outcomeOf(mfa.recoveryCodes.generate())),
  "auth.mfa.recoveryCodes.verify": as(({ mfa }) =>
    outcomeOf(mfa.recoveryCodes.verify({ code: "aaaa-bbbb" }))
  ),
  "auth.mfa.recoveryCodes.regenerate": as(({ mfa }) => outcomeOf(mfa.recoveryCodes.regenerate())),
  "auth.mfa.recoveryCodes.unenroll": as(({ mfa }) => outcomeOf(mfa.recoveryCodes.unenroll())),
  "auth.signInWithPasskey": ({ open }) =>
    inBrowser(() => outcomeOf(open("publishable", experimental).auth.signInWithPasskey())),
  "auth.registerPasskey": as((auth) => inBrowser(() => outcomeOf(auth.registerPasskey()))),
  "auth.passkey.startRegistration": as(({ passkey }) => outcomeOf(passkey.startRegistration())),
  "auth.passkey.verifyRegistration": as(({ passkey }) =>
    outcomeOf(passkey.verifyRegistration({ challengeId: nobody, credential }))
  ),
  "auth.passkey.startAuthentication": as(({ passkey }) => outcomeOf(passkey.startAuthentication())),
  "auth.passkey.verifyAuthentication": as(({ passkey }) =>
    outcomeOf(passkey.verifyAuthentication({ challengeId: nobody, credential }))
  ),
  "auth.passkey.list": as(({ passkey }) => outcomeOf(passkey.list())),
  "auth.passkey.update": as(({ passkey }) =>
    outcomeOf(passkey.update({ passkeyId: nobody, friendlyName: "Another" }))
  ),
  "auth.passkey.delete": as(({ passkey }) => outcomeOf(passkey.delete({ passkeyId: nobody }))),
  "auth.oauth.getAuthorizationDetails": as(({ oauth }) =>
    outcomeOf(oauth.getAuthorizationDetails(nobody))
  ),
  "auth.oauth.approveAuthorization": as(({ oauth }) =>
    outcomeOf(oauth.approveAuthorization(nobody))
  ),
  "auth.oauth.denyAuthorization": as(({ oauth }) => outcomeOf(oauth.denyAuthorization(nobody))),
  "auth.oauth.listGrants": as(({ oauth }) => outcomeOf(oauth.listGrants())),
  "auth.oauth.revokeGrant": as(({ oauth }) => outcomeOf(oauth.revokeGrant({ clientId: nobody }))),
};
