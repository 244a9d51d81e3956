import type { RequestContext } from "../_shared/http.ts";
import { answerPublishing } from "../_shared/publishing.ts";
import { createDevto } from "./devto.ts";

/** `POST /publish-build-content`: publishes the articles that are due, of every business. */
export function publishArticles(context: RequestContext): Promise<Response> {
  const { devto } = context.env.environment;
  return answerPublishing(
    context,
    "build_content_queue",
    devto && createDevto(devto),
    "GROUNDWORK_DEVTO_KEY",
  );
}
