/** What is used of what: limits and budgets; and what was used, for whoever bills it. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { exportUsage } from "./export-usage.ts";
import { readUsage } from "./read-usage.ts";

export const app = createApp("usage");
app.get("/", route("person-or-service", "read", readUsage));
app.get("/events", route("service", "read", exportUsage));

export default serve(app, services);
