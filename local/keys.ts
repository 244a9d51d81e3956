/** The stack's keys: made once, kept in the state folder, so that clients keep working across restarts. */
import { Buffer } from "node:buffer";

/** API keys in the platform's new form, and the secret that signs tokens. */
export interface Keys {
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  /** Token of the Upstash-REST gateway. */
  redisToken: string;
}

/** The `kid` of tokens and of the key in the JWKS. */
export const keyId = "groundwork-local";

/** Reads the keys from `file`, or makes and keeps them. Without a file they last as long as the process. */
export async function loadKeys(file: string | null): Promise<Keys> {
  if (!file) return makeKeys();
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const keys = makeKeys();
  await Deno.writeTextFile(file, JSON.stringify(keys, null, 2) + "\n", { mode: 0o600 });
  return keys;
}

/** The JWKS with which functions verify tokens. */
export function makeJwks(jwtSecret: string): { keys: Record<string, string>[] } {
  const k = Buffer.from(jwtSecret).toString("base64url");
  return { keys: [{ kty: "oct", k, kid: keyId, alg: "HS256", use: "sig" }] };
}

function makeKeys(): Keys {
  return {
    publishableKey: `sb_publishable_${random(22)}_${random(8)}`,
    secretKey: `sb_secret_${random(22)}_${random(8)}`,
    jwtSecret: random(48),
    redisToken: random(32),
  };
}

function random(length: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(length))).toString("base64url")
    .replaceAll(/[-_]/g, "x").slice(0, length);
}
