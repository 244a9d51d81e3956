/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, errorBody, id } from "../_shared/http/answer-schemas.ts";

/** A response of JSON-RPC 2.0, in which MCP answers. */
const response = z.looseObject({ jsonrpc: z.literal("2.0") });
const refused = z.union([response, errorBody]);
/** As OAuth says what a token lacks (RFC 6750, 3.1). */
const insufficient = z.object({ error: z.string(), error_description: z.string() });
const identity = z.object({ id, issuer: z.string(), subject: z.string() });

/** By handler. */
export const answers: Answers = {
  serveMcp: {
    200: [response, "text/event-stream"],
    202: null,
    400: refused,
    403: z.union([insufficient, errorBody]),
    404: refused,
    406: refused,
    413: refused,
    415: refused,
  },
  tellResource: {
    200: z.object({
      resource: z.url(),
      authorization_servers: z.array(z.url()),
      scopes_supported: z.array(z.string()),
      bearer_methods_supported: z.array(z.string()),
      resource_name: z.string(),
    }),
  },
  linkIdentity: { 200: identity, 201: identity },
};
