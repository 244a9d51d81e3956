/**
 * People's tokens. Auth signs them with ES256, and everything else that meets one verifies it here: signature,
 * algorithm, end, issuer, audience. @supabase/lite only knows HS256, so a token that was verified is signed once more
 * for it, with a secret that never leaves the process ({@link Tokens.translate}); one that was not verified stays
 * refused.
 */
import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  importJWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from "jose";
import { type Keys, makeJwks } from "./keys.ts";

/** What a token says. */
export type Claims = JWTPayload;

/** Signs and verifies the tokens of one stack. */
export interface Tokens {
  /** Who stands behind the tokens: `<api>/auth/v1`. */
  issuer: string;
  /** Signs the claims of a person: ES256, with `kid`, `iss` and `aud`. `iat` and `exp` come from the caller. */
  sign(claims: Claims): Promise<string>;
  /**
   * The claims of a token that Auth, or the function `agents`, gave out and that is still valid.
   * @throws jose's `errors.JOSEError`; {@link errors.JWTExpired} for one that was valid
   */
  verify(token: string): Promise<Claims>;
  /** The `authorization` header that @supabase/lite is to see instead of this one. */
  translate(authorization: string): Promise<string>;
}

/** Whom a token is for: everybody's tokens are. */
export const audience = "authenticated";

/** The tokens of the stack whose API is at `apiUrl`. */
export function createTokens(
  keys: Pick<Keys, "signingKey" | "internalSecret">,
  apiUrl: string,
): Tokens {
  const issuer = `${apiUrl}/auth/v1`;
  const signingKey = importJWK(keys.signingKey, "ES256");
  const publicKeys = createLocalJWKSet(makeJwks(keys));
  const secret = new TextEncoder().encode(keys.internalSecret);

  async function verify(token: string): Promise<Claims> {
    const { payload } = await jwtVerify(token, publicKeys, {
      algorithms: ["ES256"],
      // Auth gives them to people, the function `agents` to agents: with one key, as on the platform.
      issuer: [issuer, `${apiUrl}/functions/v1/agents`],
      audience,
      requiredClaims: ["sub", "role", "iat", "exp"],
    });
    return payload;
  }

  return {
    issuer,
    verify,
    async sign(claims) {
      return await new SignJWT({ ...claims, iss: issuer, aud: audience })
        .setProtectedHeader({ alg: "ES256", kid: keys.signingKey.kid, typ: "JWT" })
        .sign(await signingKey);
    },
    async translate(authorization) {
      // The scheme is written in any way (RFC 9110); lite knows one.
      const token = /^bearer +(\S+)$/i.exec(authorization)?.[1];
      if (token === undefined) return authorization;
      const parts = token.split(".");
      // Keys are no tokens; lite knows what to make of them.
      if (parts.length !== 3 || parts.includes("")) return `Bearer ${token}`;
      try {
        return `Bearer ${await signForLite(await verify(token), secret)}`;
      } catch (error) {
        // Verified up to its end: lite sees the same end, and says that it is over.
        if (error instanceof errors.JWTExpired) {
          return `Bearer ${await signForLite(error.payload, secret)}`;
        }
        if (!(error instanceof errors.JOSEError)) throw error;
        // Not even one that was signed with lite's own secret passes.
        return `Bearer ${parts[0]}.${parts[1]}.AA`;
      }
    },
  };
}

async function signForLite(claims: Claims, secret: Uint8Array): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(secret);
}

/** The claims that a token carries, unverified. */
export const readClaims: (token: string) => Claims = decodeJwt;
