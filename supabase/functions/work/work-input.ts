/** What the routes of the work grammar have in common: the queue's name, and the shapes in bodies. */
import { z } from "zod";
import { findRights } from "../_shared/access/agent-rights.ts";
import { type Agent, insufficientScope, type Service } from "../_shared/access/authentication.ts";
import { ApiError } from "../_shared/errors.ts";
import type { RequestContext } from "../_shared/http/app.ts";
import { uuid } from "../_shared/input.ts";

/**
 * The queue that the path names. Whether there is one the database says (404 `unknown_queue`).
 *
 * @throws ApiError 400 `invalid_parameter`
 */
export function queueOf(context: RequestContext): string {
  const name = context.req.param("queue") ?? "";
  if (!/^[a-z][a-z0-9_]{0,50}$/.test(name)) {
    throw new ApiError(400, "invalid_parameter", "queue: must be a queue's name, e.g. dial_queue");
  }
  return name;
}

/** The scope of an agent that works on the queue of the path. */
export const workScope = (context: RequestContext): string => `work:${queueOf(context)}`;

/**
 * The workspace whose work is the caller's: an agent's own, as long as its credential lives; null,
 * of all, for the service. Work is an agent's as itself, never in a person's name.
 *
 * @throws ApiError 403 `insufficient_scope`
 */
export async function workspaceOf(
  context: RequestContext,
  caller: Service | Agent,
): Promise<string | null> {
  if (caller.kind === "service") return null;
  const scope = workScope(context);
  const { userId, workspaceId } = await findRights(context.env.database, caller, scope);
  if (userId !== null) throw insufficientScope(scope);
  return workspaceId;
}

const mostIds = 1000;

/** The ids of work: whole numbers from 1 on. */
export const ids: z.ZodArray<z.ZodInt> = z.array(z.int().min(1)).min(1).max(mostIds);

/** A lease in seconds, from a second to a day. */
export const lease: z.ZodDefault<z.ZodNumber> = z.number().min(1).max(86_400).default(30);

/** Why, in words; the database keeps 2,000 characters of it. No verdict is lost for its words. */
export const reason: z.ZodType<string, string> = z.string().transform((words) =>
  words.slice(0, 2000).toWellFormed()
);

/** What a worker says of work that it holds. */
export const held: { claim_token: typeof uuid; ids: typeof ids } = { claim_token: uuid, ids };

/** Ids as a literal of Postgres: array types are not known to a connection that fetches no types. */
export const literalOf = (numbers: number[]): string => `{${numbers.join(",")}}`;

/**
 * Runs a statement whose values come from a client. What the table's own types and checks refuse is
 * an answer and not a fault: the message names the column or the check.
 *
 * @param refuse makes the answer out of what does not fit
 */
export async function withRefusals<Result>(
  run: () => Promise<Result>,
  refuse: (message: string) => ApiError,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    const fault = error as { code?: unknown; constraint_name?: string; column_name?: string };
    if (!(error instanceof Error) || !/^2[23]...$/.test(String(fault.code))) throw error;
    const name = fault.constraint_name ?? fault.column_name;
    throw refuse(
      fault.code === "23502"
        ? `${name}: is missing`
        : name
        ? `The table refuses it: ${name}.`
        : "A value does not fit its column.",
    );
  }
}
