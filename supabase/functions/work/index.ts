/** The work grammar over HTTP, for workers that are not in the database. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route, scopedRoute } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { checks } from "../_shared/http/observe.ts";
import { claimWork, heartbeatWork } from "./claim-work.ts";
import { completeWork, failWork, snoozeWork } from "./finish-work.ts";
import { workScope } from "./work-input.ts";
import { cancelWork, enqueueWork, redriveWork } from "./manage-work.ts";

export const app = createApp("work");
app.post("/:queue/enqueue", route("service", "write", enqueueWork));
const claim = scopedRoute("service", "work", workScope, claimWork);
// A worker that waits asks several times a second.
checks.add(claim);
app.post("/:queue/claim", claim);
app.post("/:queue/heartbeat", scopedRoute("service", "work", workScope, heartbeatWork));
app.post("/:queue/complete", scopedRoute("service", "work", workScope, completeWork));
app.post("/:queue/fail", scopedRoute("service", "work", workScope, failWork));
app.post("/:queue/snooze", scopedRoute("service", "work", workScope, snoozeWork));
app.post("/:queue/cancel", route("service", "write", cancelWork));
app.post("/:queue/redrive", route("service", "write", redriveWork));

export default serve(app, services);
