/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { answers as agents } from "../agents/answers.ts";
import {
  type Answers,
  count,
  errorBody,
  id,
  type RouteAnswers,
} from "../_shared/http/answer-schemas.ts";
import { answers as connections } from "../connections/answers.ts";
import { answers as context } from "../context/answers.ts";
import { answers as knowledge } from "../knowledge/answers.ts";
import { answers as memory } from "../memory/answers.ts";
import { answers as work } from "../work/answers.ts";

/** A response of JSON-RPC 2.0, in which MCP answers. */
const response = z.looseObject({ jsonrpc: z.literal("2.0") });
const refused = z.union([response, errorBody]);
/** As OAuth says what a token lacks (RFC 6750, 3.1). */
const insufficient = z.object({ error: z.string(), error_description: z.string() });
const identity = z.object({ id, issuer: z.string(), subject: z.string() });

/** By handler. */
export const answers: Answers = {
  serveMcp: {
    200: [response, { events: [{ event: "message", json: response }] }],
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

/** What a route answers is what the tool that calls it returns. */
function resultOf(route: RouteAnswers | undefined): z.ZodType {
  const [first, ...others] = Object.values(route ?? {}) as z.ZodType[];
  if (!first) throw new Error("a tool calls a route that has no answer");
  return others.length === 0 ? first : z.union([first, ...others]);
}

/** The structured content of each tool's result. */
export const results: Readonly<Record<string, z.ZodType>> = {
  recall: resultOf(memory.recallMemories),
  remember: resultOf(memory.rememberStatement),
  forget: resultOf(memory.forgetMemory),
  search_documents: resultOf(knowledge.searchDocuments),
  read_document: z.object({
    id,
    workspace_id: id,
    path: z.string(),
    name: z.string(),
    characters: count,
    content: z.string(),
    next_offset: count.nullable(),
  }),
  put_document: z.object({ id, is_new: z.boolean(), is_changed: z.boolean() }),
  search_messages: resultOf(context.searchMessages),
  list_agents: resultOf(agents.listAgents),
  ask_in_background: z.object({ id: z.int() }),
  use_connection: resultOf(connections.lendToken),
  claim_work: resultOf(work.claimWork),
  complete_work: resultOf(work.completeWork),
  fail_work: resultOf(work.failWork),
  snooze_work: resultOf(work.snoozeWork),
};
