/** Who is here, and who is typing. Nothing of it is written down. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { beat, leave, listPresent } from "./presence.ts";
import { streamEvents } from "./stream-events.ts";
import { type as typing } from "./typing.ts";

export const app = createApp("presence");
app.put("/", route("person-or-service", "heartbeat", beat));
app.delete("/", route("person-or-service", "heartbeat", leave));
app.put("/typing", route("person", "heartbeat", typing));
app.get("/:workspace", route("person-or-service", "read", listPresent));
app.get("/:workspace/events", streamEvents);

export default serve(app, services);
