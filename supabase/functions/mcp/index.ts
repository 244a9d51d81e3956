/** The backend as an MCP server: tools, resources and prompts, for people and for agents. */
import { answer, createApp, serve } from "../_shared/http/app.ts";
import { openRoute, route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { linkIdentity } from "./foreign-tokens.ts";
import { resourceUrl, serveMcp } from "./serve-mcp.ts";
import { tools } from "./tools.ts";

export const app = createApp("mcp");
const scopes = [
  "conversations:read",
  ...new Set(tools.map(({ scope }) => scope).filter((scope) => typeof scope === "string")),
];
app.get(
  "/.well-known/oauth-protected-resource",
  openRoute((context) => {
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
  }),
);
app.post("/identities", route("person", "write", linkIdentity));
app.all("/", serveMcp);

export default serve(app, services);
