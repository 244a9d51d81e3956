/** What was done, by whom: written once, and shown to be unchanged. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { logEntries } from "./log-entries.ts";
import { verifyChain } from "./verify-chain.ts";

export const app = createApp("audit");
app.post("/", route("person-or-service", "write", logEntries));
app.get("/:workspace/verify", route("person-or-service", "write", verifyChain));

export default serve(app, services);
