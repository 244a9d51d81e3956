/**
 * Signed URLs: a token that names what it is for, until it ends. Its key is its own, so that it is good for nothing
 * else.
 */
import { createHash } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import { invalidToken } from "./errors.ts";

/** What a URL is signed for. */
export interface Signed {
  /** `<bucket>/<object>`. */
  url: string;
  kind: "read" | "upload";
  /** Who is to own what is uploaded. */
  owner?: string;
  upsert?: boolean;
}

/** Signs and reads tokens of URLs. */
export interface Signatures {
  sign(signed: Signed, seconds: number): Promise<string>;
  /** @throws StorageError `InvalidJWT` when it has ended, is not ours, or is for something else */
  verify(token: string | null, url: string, kind: Signed["kind"]): Promise<Signed>;
}

/** With a key made of the stack's secret. */
export function openSignatures(secret: string): Signatures {
  const key = createHash("sha256").update(`storage urls ${secret}`).digest();
  return {
    sign: ({ ...signed }, seconds) =>
      new SignJWT(signed).setProtectedHeader({ alg: "HS256" }).setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + seconds).sign(key),
    async verify(token, url, kind) {
      const { payload } = await jwtVerify<Signed>(token ?? "", key, { algorithms: ["HS256"] })
        .catch((error) => {
          if (error instanceof errors.JOSEError) throw invalidToken(error.message);
          throw error;
        });
      if (payload.url !== url || payload.kind !== kind) {
        throw invalidToken("The token is for another object");
      }
      return payload;
    },
  };
}
