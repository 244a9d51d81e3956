/** A person's accounts elsewhere: connected, renewed, lent to agents, taken back. */
import { createApp, serve } from "../_shared/http/app.ts";
import { openRoute, route, scopedRoute } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { beginConnection } from "./begin-connection.ts";
import { confirmConnection, finishConnection } from "./finish-connection.ts";
import { lendToken } from "./lend-token.ts";
import { refreshConnection, refreshDue } from "./refresh-connections.ts";
import { removeConnection, revokeDue } from "./remove-connection.ts";

export const app = createApp("connections");
app.get("/:provider/authorize", route("person", "write", beginConnection));
// A browser comes back from the provider without a credential. The state is what it has.
app.get("/callback", openRoute(finishConnection));
app.post("/finish", route("person", "write", confirmConnection));
app.get("/:id/token", scopedRoute("service", "read", "connections:use", lendToken));
app.post("/:id/refresh", route("person-or-service", "write", refreshConnection));
app.post("/refresh-due", route("service", "write", refreshDue));
app.post("/revoke-due", route("service", "write", revokeDue));
app.delete("/:id", route("person", "write", removeConnection));

export default serve(app, services);
