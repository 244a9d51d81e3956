import { z } from "zod";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext, traceOf } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody } from "../_shared/input.ts";
import { ids, literalOf, queueOf, reason, withRefusals } from "./work-input.ts";

const enqueue = z.strictObject({
  items: z.array(z.record(z.string(), z.json())).min(1).max(1000),
});
const mebibyte = 1024 * 1024;

/**
 * `POST /work/:queue/enqueue`: adds up to 1,000 pieces of work, or none. Where work with an item's
 * `dedupe_key` is open, its id is answered with `is_new: false`. 201 when anything was added.
 */
export async function enqueueWork(context: RequestContext): Promise<Response> {
  const queue = queueOf(context);
  const given = await readBody(context.req.raw, enqueue, 4 * mebibyte);
  const trace = traceOf(context.req.raw)?.traceparent;
  const items = trace === undefined
    ? given.items
    : given.items.map((item) => ({ traceparent: trace, ...item }));
  const added = await withRefusals(
    () =>
      context.env.database.run((sql) =>
        sql<{ id: number; is_new: boolean }[]>`
          select id, is_new from private.enqueue_work(${queue}, ${sql.json(items)})`
      ),
    (message) => new ApiError(422, "invalid_items", message),
  );
  return answer({ items: added }, added.some((item) => item.is_new) ? 201 : 200);
}
takes(enqueueWork, { body: enqueue });

const cancel = z.strictObject({ ids, reason: reason.optional() });

/** `POST /work/:queue/cancel`: cancels open work. A worker that holds it is refused when it answers. */
export async function cancelWork(context: RequestContext): Promise<Response> {
  const queue = queueOf(context);
  const said = await readBody(context.req.raw, cancel);
  const [row] = await context.env.database.run((sql) =>
    sql<{ n: number }[]>`
      select private.cancel_work(${queue}, ${literalOf(said.ids)}::bigint[], ${
      said.reason ?? null
    }) as n`
  );
  return answer({ cancelled: row?.n });
}
takes(cancelWork, { body: cancel });

const redrive = z.strictObject({
  ids: ids.optional(),
  most: z.int().min(1).max(100_000).default(1000),
});

/** `POST /work/:queue/redrive`: brings failed work back, all of it or by ids (then cancelled work too). */
export async function redriveWork(context: RequestContext): Promise<Response> {
  const queue = queueOf(context);
  const said = await readBody(context.req.raw, redrive);
  const [row] = await context.env.database.run((sql) =>
    sql<{ n: number }[]>`
      select private.redrive_work(
        ${queue}, ${said.ids ? literalOf(said.ids) : null}::bigint[], ${said.most}
      ) as n`
  );
  return answer({ redriven: row?.n });
}
takes(redriveWork, { body: redrive });
