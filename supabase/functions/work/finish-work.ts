import { z } from "zod";
import { type Agent, asAgent, type Service } from "../_shared/access/authentication.ts";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { moment, readBody } from "../_shared/input.ts";
import { held, literalOf, queueOf, reason, withRefusals, workspaceOf } from "./work-input.ts";

const longestPause = 366 * 86_400;

const complete = z.strictObject({
  ...held,
  outcome: z.record(z.string(), z.json()).default({}),
});

/**
 * `POST /work/:queue/complete`: claimed work is done; `outcome` sets columns that the queue keeps,
 * the same for all ids. Saying it again is fine. 409 `lease_lost` changes nothing.
 */
export async function completeWork(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const queue = queueOf(context);
  await workspaceOf(context, caller);
  const said = await readBody(context.req.raw, complete, 1024 * 1024, "clean");
  const [row] = await withRefusals(
    () =>
      context.env.database.run((sql) =>
        sql<{ n: number }[]>`
          select private.complete_work(
            ${queue}, ${said.claim_token}, ${literalOf(said.ids)}::bigint[], ${
          sql.json(said.outcome)
        }
          ) as n`, { by: asAgent(caller) }),
    (message) => new ApiError(422, "invalid_outcome", message),
  );
  return answer({ completed: row?.n });
}
takes(completeWork, { body: complete });

const fail = z.strictObject({
  ...held,
  error: reason,
  retry_in: z.number().min(0).max(longestPause).optional(),
  retry: z.boolean().default(true),
});

/**
 * `POST /work/:queue/fail`: an attempt failed, and why. It is tried again after `retry_in` seconds,
 * without one after the usual backoff; with `retry: false`, or after the last attempt, never.
 */
export async function failWork(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const queue = queueOf(context);
  await workspaceOf(context, caller);
  const said = await readBody(context.req.raw, fail, 1024 * 1024, "clean");
  const [row] = await context.env.database.run((sql) =>
    sql<{ n: number }[]>`
      select private.fail_work(
        ${queue}, ${said.claim_token}, ${literalOf(said.ids)}::bigint[], ${said.error},
        ${said.retry_in ?? null}::double precision * interval '1 second', ${said.retry}
      ) as n`, { by: asAgent(caller) });
  return answer({ failed: row?.n });
}
takes(failWork, { body: fail });

const snooze = z.strictObject({ ...held, until: moment, reason: reason.optional() });

/** `POST /work/:queue/snooze`: gives claimed work back until a time; the attempt does not count. */
export async function snoozeWork(
  context: RequestContext,
  caller: Service | Agent,
): Promise<Response> {
  const queue = queueOf(context);
  await workspaceOf(context, caller);
  const said = await readBody(context.req.raw, snooze, 1024 * 1024, "clean");
  const [row] = await context.env.database.run((sql) =>
    sql<{ n: number }[]>`
      select private.snooze_work(
        ${queue}, ${said.claim_token}, ${
      literalOf(said.ids)
    }::bigint[], ${said.until}::text::timestamptz,
        ${said.reason ?? null}
      ) as n`, { by: asAgent(caller) });
  return answer({ snoozed: row?.n });
}
takes(snoozeWork, { body: snooze });
