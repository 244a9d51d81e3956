/** Stored files follow what they belonged to. Called by the job `remove-files`. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { removeDue } from "./remove-due.ts";

export const app = createApp("files");
app.post("/remove-due", route("service", "write", removeDue));

export default serve(app, services);
