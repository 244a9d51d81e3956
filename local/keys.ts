/** The stack's keys: made once, kept in the state folder, so that clients keep working across restarts. */
import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWK } from "jose";
import { Buffer } from "node:buffer";

/** API keys in the platform's new form, and the keys that sign. */
export interface Keys {
  publishableKey: string;
  secretKey: string;
  /** Signs people's tokens: a private ES256 key with its `kid`, as new projects of the platform have one. */
  signingKey: JWK & { kid: string };
  /**
   * What @supabase/lite signs with, between us and it: its tokens are HS256. Whoever comes from outside is not believed
   * because of it ({@link file://./tokens.ts}).
   */
  internalSecret: string;
  /** Token of the Upstash-REST gateway. */
  redisToken: string;
}

/** Reads the keys from `file`, or makes and keeps them. Without a file they last as long as the process. */
export async function loadKeys(file: string | null): Promise<Keys> {
  if (!file) return await makeKeys();
  try {
    const kept = JSON.parse(await Deno.readTextFile(file));
    // Keys of an older form are made anew.
    if (kept.signingKey) return kept;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const keys = await makeKeys();
  await Deno.writeTextFile(file, JSON.stringify(keys, null, 2) + "\n", { mode: 0o600 });
  return keys;
}

/** The public half of the signing key: what Auth publishes, and with which functions verify tokens. */
export function makeJwks({ signingKey }: Pick<Keys, "signingKey">): JSONWebKeySet {
  const { d: _private, ...publicKey } = signingKey;
  return { keys: [{ ...publicKey, key_ops: ["verify"], use: "sig", ext: true }] };
}

async function makeKeys(): Promise<Keys> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return {
    publishableKey: `sb_publishable_${random(22)}_${random(8)}`,
    secretKey: `sb_secret_${random(22)}_${random(8)}`,
    signingKey: { ...await exportJWK(privateKey), kid: crypto.randomUUID(), alg: "ES256" },
    internalSecret: random(48),
    redisToken: random(32),
  };
}

function random(length: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(length))).toString("base64url")
    .replaceAll(/[-_]/g, "x").slice(0, length);
}
