import { answerPublishing, nothing } from "../_shared/publishing/answer-publishing.ts";
import type { RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readPlatforms } from "../_shared/publishing/publishing.ts";
import { createPostingService } from "./posting-service.ts";

/** `POST /publish-social-content`: posts what is due, of every business. */
export function publishPosts(context: RequestContext): Promise<Response> {
  const { social } = context.env.environment;
  return answerPublishing(
    context,
    "content_queue",
    social && (() => readPlatforms(context.env.database, social, createPostingService)),
    "GROUNDWORK_SOCIAL_KEY",
  );
}
takes(publishPosts, { body: nothing });
