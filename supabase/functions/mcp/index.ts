/** The backend as an MCP server: tools, resources and prompts, for people and for agents. */
import { createApp, serve } from "../_shared/http/app.ts";
import { openRoute, route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { linkIdentity } from "./foreign-tokens.ts";
import { serveMcp } from "./serve-mcp.ts";
import { tellResource } from "./tell-resource.ts";

export const app = createApp("mcp");
app.get("/.well-known/oauth-protected-resource", openRoute(tellResource));
app.post("/identities", route("person", "write", linkIdentity));
app.all("/", serveMcp);

export default serve(app, services);
