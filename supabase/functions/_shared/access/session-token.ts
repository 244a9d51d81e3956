/**
 * What an agent is handed with a session: that this person talks with it, for nothing but the token
 * endpoint, where it is the subject of an exchange. The person's own token never leaves the relay.
 *
 * It names `client_id` and no role, so that the Data API, Auth and the functions take it for nobody.
 */
import { jwtVerify, SignJWT } from "jose";
import type { Environment } from "../environment.ts";
import { agentIssuer } from "./authentication.ts";

/** Who talks. With which agent, and whether still, the session's row says. */
export interface SessionSubject {
  readonly sessionId: string;
  readonly userId: string;
  /** Milliseconds since 1970 at which the token ends. */
  readonly expiresAt: number;
}

type Signing = Pick<Environment, "publicUrl" | "signingKey">;

/** Seconds. No relay lives that long: each connection of the session brings another. */
const lifetime = 3600;

const audienceOf = ({ publicUrl }: Signing) => `${publicUrl}${agentIssuer}/token`;

/** The token of a session, null where the project signs none. */
export async function signSessionToken(
  environment: Signing,
  { sessionId, userId, agentId }: { sessionId: string; userId: string; agentId: string },
): Promise<string | null> {
  const { signingKey, publicUrl } = environment;
  if (!signingKey) return null;
  return await new SignJWT({ client_id: agentId, groundwork_session: sessionId })
    .setProtectedHeader({ alg: "ES256", kid: signingKey.kid, typ: "JWT" })
    .setIssuer(publicUrl + agentIssuer).setSubject(userId).setAudience(audienceOf(environment))
    .setIssuedAt().setExpirationTime(`${lifetime}s`)
    .sign(signingKey);
}

/** What a session's token says, null where it is none, or no longer. */
export async function readSessionToken(
  environment: Signing,
  token: string,
): Promise<SessionSubject | null> {
  const { signingKey, publicUrl } = environment;
  if (!signingKey) return null;
  const { d: _, ...verifying } = signingKey;
  const verified = await jwtVerify(token, verifying, {
    algorithms: ["ES256"],
    issuer: publicUrl + agentIssuer,
    audience: audienceOf(environment),
    requiredClaims: ["sub", "exp"],
  }).catch(() => null);
  if (!verified) return null;
  const { sub, exp, groundwork_session } = verified.payload;
  return {
    sessionId: String(groundwork_session),
    userId: String(sub),
    expiresAt: Number(exp) * 1000,
  };
}
