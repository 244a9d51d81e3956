/** The prompt of a conversation: assembled, and made again as it was. And what was said, searched. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route, scopedRoute } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { assembleContext } from "./assemble-context.ts";
import { findPrompt, replayContext } from "./replay-context.ts";
import { searchMessages } from "./search-messages.ts";

export const app = createApp("context");
app.get("/records/:id", route("person-or-service", "read", replayContext));
app.post("/search", scopedRoute("person", "read", "conversations:read", searchMessages));
app.get("/of/:message", route("person-or-service", "read", findPrompt));
app.get(
  "/:conversation",
  scopedRoute("person-or-service", "read", "conversations:read", assembleContext),
);

export default serve(app, services);
