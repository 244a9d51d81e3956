import { answer, type RequestContext } from "../_shared/http/app.ts";

/** `GET /access/.well-known/authzen-configuration`: where the routes are (AuthZEN, 9). */
export function tellConfiguration(context: RequestContext): Response {
  const base = `${context.env.environment.publicUrl}/functions/v1`;
  return answer({
    policy_decision_point: base,
    access_evaluation_endpoint: `${base}/access/v1/evaluation`,
    access_evaluations_endpoint: `${base}/access/v1/evaluations`,
    search_subject_endpoint: `${base}/access/v1/search/subject`,
    search_resource_endpoint: `${base}/access/v1/search/resource`,
    search_action_endpoint: `${base}/access/v1/search/action`,
  });
}
