/** Conversations for whoever has a link: what was said, and nothing else. */
import { createApp, serve } from "../_shared/http/app.ts";
import { openRoute } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { tellShared } from "./tell-shared.ts";

export const app = createApp("shared");
// Without a credential: the link is one. Limited by network before the database is asked.
app.get("/:token", openRoute(tellShared));

export default serve(app, services);
