/** Works off what waits to be embedded. Called by the job `embed-pending`. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { embedPending } from "./embed-pending.ts";

export const app = createApp("embed");
app.post("/", route("service", "write", embedPending));

export default serve(app, services);
