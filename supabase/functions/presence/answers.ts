/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import {
  type Answers,
  type EventStream,
  id,
  object,
  seconds,
  time,
} from "../_shared/http/answer-schemas.ts";

const kind = z.enum(["person", "agent"]);
const present = z.object({
  kind,
  id,
  status: z.enum(["online", "busy", "away"]),
  metadata: object,
  ends_at: time,
}).meta({ id: "Present" });

/** What a listener in a room hears. */
const room: EventStream = {
  events: [
    { event: "here", json: z.object({ members: z.array(present) }) },
    { event: "joined", json: present },
    { event: "changed", json: present },
    { event: "left", json: z.object({ kind, id }) },
    {
      event: "typing",
      json: z.object({ conversation_id: id, user_id: id, is_typing: z.boolean() }),
    },
    {
      event: "end",
      json: z.object({
        reason: z.enum(["renew", "token_expired", "not_a_member", "not_allowed", "too_slow"]),
      }),
    },
  ],
};

/** By handler. */
export const answers: Answers = {
  beat: { 200: z.object({ joined: z.boolean(), expires_in: seconds }) },
  leave: { 200: z.object({ left: z.boolean() }) },
  type: { 200: z.object({ is_typing: z.boolean(), expires_in: seconds }) },
  listPresent: {
    200: z.object({ members: z.array(present) }),
  },
  streamEvents: { 200: room },
};
