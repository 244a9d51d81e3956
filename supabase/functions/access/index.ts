/** The same answers as everywhere, in the words of AuthZEN's Authorization API 1.0, for gateways that ask first. */
import { createApp, serve } from "../_shared/http/app.ts";
import { openRoute, scopedRoute } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { evaluate, evaluateSeveral } from "./evaluate.ts";
import { searchAction, searchResource, searchSubject } from "./search.ts";
import { tellConfiguration } from "./tell-configuration.ts";
import { tellPlace } from "./tell-place.ts";

export const app = createApp("access");

const audience = "person-or-service";
app.post("/v1/evaluation", scopedRoute(audience, "check", null, evaluate));
app.post("/v1/evaluations", scopedRoute(audience, "check", null, evaluateSeveral));
app.post("/v1/search/subject", scopedRoute(audience, "read", null, searchSubject));
app.post("/v1/search/resource", scopedRoute(audience, "read", null, searchResource));
app.post("/v1/search/action", scopedRoute(audience, "read", null, searchAction));
app.get("/v1/places/:workspace", scopedRoute(audience, "read", null, tellPlace));
app.get("/.well-known/authzen-configuration", openRoute(tellConfiguration));

const served = serve(app, services);

export default {
  /** Here an answer bears the id that the request came with (AuthZEN, 12.1.3); the log has both. */
  async fetch(request: Request): Promise<Response> {
    const response = await served.fetch(request);
    const given = request.headers.get("x-request-id");
    if (given !== null) response.headers.set("x-request-id", given);
    return response;
  },
};
