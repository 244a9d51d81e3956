/** Who asks, and what the database answers them. */
import {
  type Agent,
  claimsOf,
  type Person,
  type Service,
} from "../_shared/access/authentication.ts";
import type { Patience } from "../_shared/database.ts";
import type { RequestContext } from "../_shared/http/app.ts";
import { countedAs } from "../_shared/http/route.ts";
import type { Question } from "./question.ts";

/** Whoever may ask: each about what is theirs to know, which the database decides. */
export type Asker = Person | Service | Agent;

/** A decision in AuthZEN's words. */
export interface Decision {
  decision: boolean;
  context: {
    reason?: string;
    decided_by?: unknown;
    error?: { status: number; message: string };
  };
}

/** With whose rights the database is asked. */
export function askingAs(asker: Asker): Patience {
  return asker.kind === "service" ? {} : { as: claimsOf(asker) };
}

/** Counts what is asked beyond the one that the route counted, so that a batch costs what its parts would. */
export function countMore(context: RequestContext, asker: Asker, more: number): void {
  if (asker.kind === "service" || more <= 0) return;
  context.env.rateLimiter.count(countedAs(asker), "check", more);
}

/** Answers questions in their order, all of one moment. */
export async function decide(
  context: RequestContext,
  asker: Asker,
  questions: readonly Question[],
): Promise<Decision[]> {
  if (questions.length === 0) return [];
  const rows = await context.env.database.run(
    (sql) =>
      sql<{ allowed: boolean; reason: string; decided_by: unknown }[]>`
      select answer.allowed, answer.reason, answer.decided_by
      from jsonb_array_elements(${
        sql.json(questions as never)
      }) with ordinality as asked (question, place)
      cross join lateral private.access_answer(asked.question) as answer
      order by asked.place`,
    askingAs(asker),
  );
  return rows.map(({ allowed, reason, decided_by }) => ({
    decision: allowed,
    context: { reason, ...(decided_by === null ? {} : { decided_by }) },
  }));
}
