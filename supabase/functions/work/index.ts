/** The work grammar over HTTP, for workers that are not in the database. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { claimWork, heartbeatWork } from "./claim-work.ts";
import { completeWork, failWork, snoozeWork } from "./finish-work.ts";
import { cancelWork, enqueueWork, redriveWork } from "./manage-work.ts";

export const app = createApp("work");
app.post("/:queue/enqueue", route("service", "write", enqueueWork));
app.post("/:queue/claim", route("service", "write", claimWork));
app.post("/:queue/heartbeat", route("service", "write", heartbeatWork));
app.post("/:queue/complete", route("service", "write", completeWork));
app.post("/:queue/fail", route("service", "write", failWork));
app.post("/:queue/snooze", route("service", "write", snoozeWork));
app.post("/:queue/cancel", route("service", "write", cancelWork));
app.post("/:queue/redrive", route("service", "write", redriveWork));

export default serve(app, services);
