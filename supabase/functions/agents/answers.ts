/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import {
  type Answers,
  count,
  decidedBy,
  errorBody,
  id,
  reason,
  seconds,
  time,
} from "../_shared/http/answer-schemas.ts";

const access = { agent_id: id, user_id: id, allowed: z.boolean(), reason };
const changed = z.object({ ...access, revision: count });
const credential = z.object({
  id,
  name: z.string(),
  client: z.object({ id: z.string(), issuer: z.string().nullable() }).nullable(),
  scopes: z.array(z.string()),
  expires_at: time,
  last_used_at: time.nullable(),
  created_by: id.nullable(),
  created_at: time,
});
/** OAuth's own body (RFC 6749, 5.2), with what is missing. */
const refusal = z.object({
  error: z.string(),
  error_description: z.string(),
  reason: z.string().optional(),
  agent_id: id.optional(),
  scopes: z.array(z.string()).optional(),
}).meta({ id: "OAuthError" });

/** By handler. */
export const answers: Answers = {
  listAgents: {
    200: z.object({
      revision: count,
      agents: z.array(z.object({
        id,
        workspace_id: id,
        slug: z.string(),
        name: z.string(),
        description: z.string(),
        status: z.string(),
        reason,
        until: time.nullable().describe("When the row that decided ends."),
      })),
      next_cursor: z.string().nullable(),
    }),
  },
  explainAccess: {
    200: z.union([
      z.object({ ...access, until: time.nullable(), revision: count }),
      z.object({ ...access, decided_by: decidedBy, revision: count }),
      z.object({
        agent_id: id,
        user_id: id.nullable(),
        scope: z.string().nullable(),
        allowed: z.boolean(),
        reason: z.string(),
        decided_by: decidedBy,
      }),
    ]),
  },
  setAccess: { 200: changed, 202: changed.extend({ bound_seconds: seconds }) },
  removeAccess: { 200: changed, 202: changed.extend({ bound_seconds: seconds }) },
  checkAccess: { 200: z.object({ revision: count, results: z.array(z.object(access)) }) },
  issueAgentToken: {
    200: z.object({
      access_token: z.string(),
      issued_token_type: z.string().optional(),
      token_type: z.literal("Bearer"),
      expires_in: seconds,
      scope: z.string(),
    }),
    400: refusal,
    401: refusal,
    403: refusal,
    503: z.union([refusal, errorBody]),
  },
  listCredentials: { 200: z.object({ credentials: z.array(credential) }) },
  createCredential: {
    201: z.object({ id, secret: z.string().nullable(), expires_at: time }),
  },
  removeCredential: { 200: z.object({ removed: id }) },
  invalidateAnswers: { 200: z.object({ floors: count, agents: count }) },
};
