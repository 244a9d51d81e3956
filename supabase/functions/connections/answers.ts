/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, id, time } from "../_shared/http/answer-schemas.ts";

const connected = z.object({
  connection_id: id,
  provider: z.string(),
  status: z.literal("active"),
});
const removed = (provider: z.ZodType) => z.object({ connection_id: id, provider });

/** By handler. */
export const answers: Answers = {
  beginConnection: {
    200: z.object({ url: z.url(), connection_id: id, expires_at: time }),
    302: null,
  },
  finishConnection: { 200: connected, 302: null },
  confirmConnection: { 200: connected },
  lendToken: {
    200: z.object({
      access_token: z.string(),
      token_type: z.literal("Bearer"),
      expires_at: time.nullable(),
      connection_id: id,
      provider: z.string(),
      account: z.string().nullable(),
      scopes: z.array(z.string()),
    }),
  },
  refreshConnection: {
    200: z.object({
      connection_id: id,
      status: z.string(),
      expires_at: time.nullable(),
      refreshed_at: time.nullable(),
    }),
  },
  refreshDue: { 200: z.object({ renewed: count, revoked: count, failed: count }) },
  revokeDue: { 200: z.object({ revoked: count, failed: count }) },
  removeConnection: {
    200: removed(z.enum(["revoked", "not_offered"])),
    202: removed(z.literal("pending")),
  },
};
