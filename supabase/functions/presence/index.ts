/** Who is here, and who is typing. Nothing of it is written down. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route, scopedRoute } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { beat, leave, listPresent, presenceScope } from "./presence.ts";
import { streamEvents } from "./stream-events.ts";
import { type as typing } from "./typing.ts";

export const app = createApp("presence");
app.put("/", scopedRoute("person-or-service", "heartbeat", presenceScope, beat));
app.delete("/", scopedRoute("person-or-service", "heartbeat", presenceScope, leave));
app.put("/typing", route("person", "heartbeat", typing));
app.get("/:workspace", scopedRoute("person-or-service", "read", presenceScope, listPresent));
app.get("/:workspace/events", streamEvents);

export default serve(app, services);
