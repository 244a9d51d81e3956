import { answer, type RequestContext } from "../_shared/http/app.ts";
import { resourceUrl } from "./serve-mcp.ts";
import { tools } from "./tools.ts";

const scopes = [
  "conversations:read",
  ...new Set(tools.map(({ scope }) => scope).filter((scope) => typeof scope === "string")),
];

/** `GET /mcp/.well-known/oauth-protected-resource`: where a client gets its token (RFC 9728). */
export function tellResource(context: RequestContext): Response {
  const { publicUrl, trustedIssuers } = context.env.environment;
  return answer({
    resource: resourceUrl(publicUrl),
    authorization_servers: [
      `${publicUrl}/auth/v1`,
      ...trustedIssuers.map(({ issuer }) => issuer),
    ],
    scopes_supported: scopes,
    bearer_methods_supported: ["header"],
    resource_name: "Groundwork",
  });
}
