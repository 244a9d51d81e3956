/** Video and social content, posted at their time and once. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { publishPosts } from "./publish-posts.ts";

export const app = createApp("publish-social-content");
app.post("/", route("service", "write", publishPosts));

export default serve(app, services);
