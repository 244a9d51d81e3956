/** What is kept about a person: theirs to take along, and to have forgotten. */
import { createApp, serve } from "../_shared/http/app.ts";
import { openRoute, route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { cancelErasure } from "./cancel-erasure.ts";
import { exportPerson } from "./export-person.ts";
import { requestErasure } from "./request-erasure.ts";
import { tellErasure } from "./tell-erasure.ts";
import { workErasures } from "./work-erasures.ts";

export const app = createApp("account");
app.post("/export", route("person", "write", exportPerson));
app.post("/erase", route("person", "write", requestErasure));
// Without a credential: when a request is done, there is nobody left to have one.
app.get("/erasures/:receipt", openRoute(tellErasure));
app.delete("/erasures/:receipt", route("person", "write", cancelErasure));
app.post("/erasures/work", route("service", "write", workErasures));

export default serve(app, services);
