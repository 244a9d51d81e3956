/** Who may use which agent: asked often, changed seldom. */
import { createApp, serve } from "../_shared/http/app.ts";
import { openRoute, route, scopedRoute } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { createCredential, listCredentials, removeCredential } from "./agent-credentials.ts";
import { removeAccess, setAccess } from "./change-access.ts";
import { checkAccess } from "./check-access.ts";
import { explainAccess } from "./explain-access.ts";
import { issueAgentToken } from "./issue-agent-token.ts";
import { invalidateAnswers } from "./invalidate-answers.ts";
import { listAgents } from "./list-agents.ts";

export const app = createApp("agents");
app.get("/", route("person", "read", listAgents));
app.get("/:id/access", scopedRoute("person", "check", null, explainAccess));
app.put("/:id/access/:user", route("person", "write", setAccess));
app.delete("/:id/access/:user", route("person", "write", removeAccess));
app.post("/access/check", route("person", "read", checkAccess));
app.post("/token", openRoute(issueAgentToken));
app.get("/:id/credentials", route("person", "read", listCredentials));
app.post("/:id/credentials", route("person", "write", createCredential));
app.delete("/:id/credentials/:credential", route("person", "write", removeCredential));
app.post("/invalidate", route("service", "write", invalidateAnswers));

export default serve(app, services);
