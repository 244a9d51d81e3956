/** Starts the calls that are due, at the voice provider. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { dispatchCalls } from "./dispatch-calls.ts";

export const app = createApp("dispatch-calls");
app.post("/", route("service", "write", dispatchCalls));

export default serve(app, services);
