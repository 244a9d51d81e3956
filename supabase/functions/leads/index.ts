/** Leads come in from files. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { importDue } from "./import-due.ts";
import { importLeads } from "./import-leads.ts";

export const app = createApp("leads");
app.post("/import", route("person-or-service", "write", importLeads));
app.post("/import-due", route("service", "write", importDue));

export default serve(app, services);
