import { answerPublishing, nothing } from "../_shared/publishing/answer-publishing.ts";
import type { RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readPlatforms } from "../_shared/publishing/publishing.ts";
import { createDevto } from "./devto.ts";

/** `POST /publish-build-content`: publishes the articles that are due, of every business. */
export function publishArticles(context: RequestContext): Promise<Response> {
  const { devto } = context.env.environment;
  return answerPublishing(
    context,
    "build_content_queue",
    devto && (() => readPlatforms(context.env.database, devto, createDevto)),
    "GROUNDWORK_DEVTO_KEY",
  );
}
takes(publishArticles, { body: nothing });
