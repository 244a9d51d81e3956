/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, id, object, seconds, time } from "../_shared/http/answer-schemas.ts";

/** By handler. */
export const answers: Answers = {
  beat: { 200: z.object({ joined: z.boolean(), expires_in: seconds }) },
  leave: { 200: z.object({ left: z.boolean() }) },
  type: { 200: z.object({ is_typing: z.boolean(), expires_in: seconds }) },
  listPresent: {
    200: z.object({
      members: z.array(z.object({
        kind: z.enum(["person", "agent"]),
        id,
        status: z.enum(["online", "busy", "away"]),
        metadata: object,
        ends_at: time,
      })),
    }),
  },
  streamEvents: { 200: "text/event-stream" },
};
