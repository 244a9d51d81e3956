/** Who a token or an API key speaks for. */
import { decodeJwt, errors, type JWTPayload } from "jose";

/** What a token says. */
export interface Claims {
  role: string;
  /** Seconds since 1970; absent for an API key, which does not expire. */
  exp?: number;
  sub?: string;
  [claim: string]: unknown;
}

/** Why a token is not accepted, in the platform's words. */
export class TokenError extends Error {
  override name = "TokenError";
  constructor(public readonly code: string, message: string) {
    super(message);
  }
}

/** Reads an API key or a token. @throws TokenError */
export type Verify = (token: string) => Promise<Claims>;

/** What Realtime accepts besides tokens. */
export interface ApiKeys {
  publishableKey: string;
  secretKey: string;
}

/**
 * Accepts the stack's API keys, and the tokens that `verifyToken` accepts.
 * @param verifyToken throws one of jose's errors
 */
export function createVerifier(
  keys: ApiKeys,
  verifyToken: (token: string) => Promise<JWTPayload>,
): Verify {
  return async (token) => {
    if (token === keys.publishableKey) return { role: "anon" };
    if (token === keys.secretKey) return { role: "service_role" };
    try {
      decodeJwt(token);
    } catch {
      throw new TokenError("MalformedJWT", "The token provided is not a valid JWT");
    }
    try {
      const { role, exp, ...claims } = await verifyToken(token);
      if (typeof role !== "string" || typeof exp !== "number") {
        throw new TokenError("InvalidJWTToken", "Fields `role` and `exp` are required in JWT");
      }
      return { ...claims, role, exp };
    } catch (error) {
      if (error instanceof TokenError) throw error;
      if (error instanceof errors.JWTExpired) {
        const ago = Math.floor(Date.now() / 1000) - Number(error.payload.exp);
        throw new TokenError("InvalidJWTToken", `Token has expired ${ago} seconds ago`);
      }
      if (!(error instanceof errors.JOSEError)) throw error;
      throw new TokenError("JwtSignatureError", "Failed to validate JWT signature");
    }
  };
}
