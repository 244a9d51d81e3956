/** The voice provider's report of a call: checked, kept as it came, recorded once. */
import { createApp, serve } from "../_shared/http.ts";
import { services } from "../_shared/services.ts";
import { receiveReport } from "./receive-report.ts";

export const app = createApp("call-webhook");
// Not wrapped: the caller is known by the signature of the body alone.
app.post("/", receiveReport);

export default serve(app, services);
