/** The voice provider's report of a call: checked, kept as it came, recorded once. */
import { createApp, serve } from "../_shared/http/app.ts";
import { services } from "../_shared/services.ts";
import { receiveReport } from "./receive-report.ts";

export const app = createApp("call-webhook");
// Neither wrapped nor limited: the caller is known by the signature of the body, which is checked
// before anything is asked of the database.
app.post("/", receiveReport);

export default serve(app, services);
