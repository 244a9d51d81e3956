/** How we are: a word for anybody, figures for those with a secret key. */
import { createApp, serve } from "../_shared/http/app.ts";
import { services } from "../_shared/services.ts";
import { reportHealth } from "./report-health.ts";

export const app = createApp("health");
app.get("/", reportHealth);

export default serve(app, services);
