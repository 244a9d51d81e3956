/** How we are: a word for anybody, figures for those with a secret key. */
import { createApp, serve } from "../_shared/http/app.ts";
import { services } from "../_shared/services.ts";
import { reportHealth } from "./report-health.ts";
import { reportMetrics } from "./report-metrics.ts";

export const app = createApp("health");
app.get("/", reportHealth);
app.get("/metrics", reportMetrics);

export default serve(app, services);
