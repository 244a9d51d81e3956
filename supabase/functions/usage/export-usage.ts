import { z } from "zod";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readerOf } from "../_shared/http/reader.ts";
import { readQuery } from "../_shared/input.ts";

const query = z.strictObject({
  form: z.enum(["cloudevents", "stripe"], { error: "must be cloudevents or stripe" })
    .default("cloudevents"),
  after: z.string().max(100).default(""),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
});

interface Used {
  id: number;
  /** Under which id the operator's billing knows the workspace (billing_customers). */
  customer_id: string | null;
  workspace_id: string;
  occurred_at: string;
  kind: string;
  quantity: string;
  unit: string;
  amount_minor: number;
  currency: string;
  agent_id: string | null;
  user_id: string | null;
  request_id: string | null;
}

/** Where the next page begins: the last event's time and number. */
function readCursor(after: string): { at: string; id: number } {
  if (after === "") return { at: "-infinity", id: 0 };
  const [, at = "", id = ""] = /^(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00))_(\d{1,15})$/.exec(after) ??
    [];
  if (id === "" || Number.isNaN(Date.parse(at))) {
    throw new ApiError(400, "invalid_parameter", "after: must be a cursor of this route");
  }
  return { at, id: Number(id) };
}

/** CloudEvents 1.0, structured; `source` and `id` together are one event for good. */
function toCloudEvent(source: string, used: Used) {
  const { id, workspace_id, customer_id: _, occurred_at, quantity, kind, ...data } = used;
  return {
    specversion: "1.0",
    id: `usage-${id}`,
    source,
    type: `groundwork.usage.${kind}`,
    subject: workspace_id,
    time: occurred_at,
    datacontenttype: "application/json",
    data: { quantity: Number(quantity), ...data },
  };
}

/** A meter event as Stripe takes it; Stripe bills an identifier once, however often it is sent. */
function toMeterEvent({ id, customer_id, occurred_at, kind, unit, quantity }: Used) {
  return {
    event_name: `groundwork_${kind}_${unit}`.toLowerCase().replaceAll(/[^a-z0-9_]/g, "_"),
    identifier: `usage-${id}`,
    timestamp: Math.floor(Date.parse(occurred_at) / 1000),
    payload: { stripe_customer_id: customer_id, value: String(Number(quantity)) },
  };
}

/**
 * `GET /usage/events?form=&after=&limit=`: what all workspaces used, in order, older than five
 * minutes, as CloudEvents or as Stripe's meter events. `next` is the cursor of the page after it; the
 * same page asked again has the same events with the same ids, so that they bill once. Meter events
 * have the customer of `billing_customers`; workspaces without one are named in `without_customer`, and
 * their events come when it is known and the page is asked again. For the service.
 */
export async function exportUsage(context: RequestContext): Promise<Response> {
  const { form, after, limit } = readQuery(context.req.raw, query);
  const { at, id } = readCursor(after);
  const reader = await readerOf(context, context.env.standings.ofItself);
  const { rows: events, headers } = await context.env.replicas.read<Used[]>(reader, {
    build: (sql) =>
      sql<Used[]>`
      select id, used.workspace_id, customer.customer_id, to_jsonb(occurred_at) #>> '{}' as occurred_at, kind,
        quantity::text, unit,
        amount_minor, currency, agent_id, user_id, request_id
      from private.usage_events(${at}::text::timestamptz, ${id}, ${limit}) with ordinality as used
      left join public.billing_customers as customer on customer.workspace_id = used.workspace_id
      order by used.ordinality`,
  });
  const last = events.at(-1);
  const source = `${context.env.environment.url}/functions/v1/usage`;
  const next = last ? `${last.occurred_at}_${last.id}` : after;
  if (form === "cloudevents") {
    return answer({ events: events.map((used) => toCloudEvent(source, used)), next }, 200, headers);
  }
  const [known, unknown] = [true, false].map((isKnown) =>
    events.filter(({ customer_id }) => (customer_id !== null) === isKnown)
  );
  return answer(
    {
      events: known!.map(toMeterEvent),
      without_customer: [...new Set(unknown!.map(({ workspace_id }) => workspace_id))],
      next,
    },
    200,
    headers,
  );
}
takes(exportUsage, { query });
