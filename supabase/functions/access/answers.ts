/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, id } from "../_shared/http/answer-schemas.ts";

const decision = z.object({
  decision: z.boolean(),
  context: z.object({
    reason: z.string().optional(),
    decided_by: z.looseObject({}).optional(),
    error: z.object({ status: z.int(), message: z.string() }).optional(),
  }),
}).meta({ id: "Decision" });
const decisions = z.object({ evaluations: z.array(decision) });
const page = z.object({
  next_token: z.string().describe("Empty on the last page."),
  count,
});
const entities = z.object({
  page,
  results: z.array(z.object({ type: z.string(), id: z.string() })),
});
const actions = z.object({ page, results: z.array(z.object({ name: z.string() })) });

/** By handler. */
export const answers: Answers = {
  evaluate: { 200: decision },
  evaluateSeveral: { 200: z.union([decisions, decision]) },
  searchSubject: { 200: entities },
  searchResource: { 200: entities },
  searchAction: { 200: actions },
  tellPlace: {
    200: z.object({
      workspace_id: id,
      cell: z.string().nullable().describe("Null in an installation of one project, like `url`."),
      region: z.string(),
      url: z.url().nullable(),
      publishable_key: z.string().nullable(),
      status: z.enum(["here", "arriving", "moving", "elsewhere"]),
      revision: z.int(),
    }),
  },
  tellConfiguration: {
    200: z.object({
      policy_decision_point: z.url(),
      access_evaluation_endpoint: z.url(),
      access_evaluations_endpoint: z.url(),
      search_subject_endpoint: z.url(),
      search_resource_endpoint: z.url(),
      search_action_endpoint: z.url(),
    }),
  },
};
