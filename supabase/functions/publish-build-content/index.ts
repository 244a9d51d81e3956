/** Articles, published at their time and once. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { publishArticles } from "./publish-articles.ts";

export const app = createApp("publish-build-content");
app.post("/", route("service", "write", publishArticles));

export default serve(app, services);
