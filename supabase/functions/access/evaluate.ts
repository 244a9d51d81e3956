/** `POST /access/v1/evaluation` and `/access/v1/evaluations` (AuthZEN, 6 and 7). */
import type { z } from "zod";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { type Asker, countMore, decide, type Decision } from "./answer.ts";
import { evaluation, evaluations, type Question, readAsked, toQuestion } from "./question.ts";

type Several = z.output<typeof evaluations>;

/** An evaluation that is none is denied by itself (AuthZEN, 7.3.1); what it lacks the others' defaults give. */
function readEach({ subject, action, resource, context, evaluations = [] }: Several) {
  return evaluations.map((one): Question | Decision => {
    const given = typeof one === "object" && one !== null ? one : {};
    const read = evaluation.safeParse({ subject, action, resource, context, ...given });
    try {
      if (read.success) return toQuestion(read.data);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { decision: false, context: { error: { status: 400, message: error.message } } };
    }
    const [issue] = read.error.issues;
    const message = `${issue?.path.join(".") || "evaluation"}: ${issue?.message}`;
    return { decision: false, context: { error: { status: 400, message } } };
  });
}

/** As far as the semantic goes on: with the first denial, or the first permission, it has its answer. */
function upTo(
  decisions: readonly Decision[],
  semantic: Several["options"]["evaluations_semantic"],
): readonly Decision[] {
  if (semantic === "execute_all") return decisions;
  const ends = decisions.findIndex(({ decision }) =>
    decision === (semantic === "permit_on_first_permit")
  );
  return ends < 0 ? decisions : decisions.slice(0, ends + 1);
}

/** `POST /access/v1/evaluation`: may this subject do this. 200 `{decision, context: {reason, decided_by?}}`. */
export async function evaluate(context: RequestContext, asker: Asker): Promise<Response> {
  const asked = await readAsked(context.req.raw, evaluation);
  const [decided] = await decide(context, asker, [toQuestion(asked)]);
  return answer(decided);
}
takes(evaluate, { body: evaluation });

/**
 * `POST /access/v1/evaluations`: up to 100 at once, answered in their order; without any, it is as `evaluation`.
 * Each counts as one request of its asker's allowance.
 */
export async function evaluateSeveral(context: RequestContext, asker: Asker): Promise<Response> {
  const asked = await readAsked(context.req.raw, evaluations);
  if (!asked.evaluations?.length) {
    const single = evaluation.safeParse(asked);
    if (!single.success) {
      const [issue] = single.error.issues;
      throw new ApiError(400, "invalid_body", `${issue?.path.join(".")}: ${issue?.message}`);
    }
    const [decided] = await decide(context, asker, [toQuestion(single.data)]);
    return answer(decided);
  }
  const read = readEach(asked);
  countMore(context, asker, read.length - 1);
  const decided = await decide(
    context,
    asker,
    read.filter((one): one is Question => !("decision" in one)),
  );
  const rest = decided.values();
  const all = read.map((one) => "decision" in one ? one : rest.next().value as Decision);
  return answer({ evaluations: upTo(all, asked.options.evaluations_semantic) });
}
takes(evaluateSeveral, { body: evaluations });
