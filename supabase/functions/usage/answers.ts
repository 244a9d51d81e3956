/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, id, time } from "../_shared/http/answer-schemas.ts";

const limit = z.object({
  name: z.string(),
  subject: z.string(),
  period: z.string(),
  unit: z.string(),
  used: count.nullable().describe("Null where no counter exists."),
  allowed: count.nullable().describe("Null: unlimited."),
  frees_at: time.nullable(),
});
const budget = z.object({
  id,
  user_id: id.nullable(),
  agent_id: id.nullable(),
  period: z.enum(["day", "month"]),
  unit: z.string().describe("`tokens`, or a currency in its smallest unit."),
  amount: count,
  is_hard: z.boolean(),
  left: z.int().describe("Negative: overspent."),
  reserved: count,
  spent: count,
  renews_at: time,
});
const event = z.object({
  specversion: z.literal("1.0"),
  id: z.string(),
  source: z.url(),
  type: z.string(),
  subject: id,
  time,
  datacontenttype: z.literal("application/json"),
  data: z.object({
    quantity: z.number(),
    unit: z.string(),
    amount_minor: count,
    currency: z.string(),
    agent_id: id.nullable(),
    user_id: id.nullable(),
    request_id: z.string().nullable(),
  }),
});
const meterEvent = z.object({
  event_name: z.string(),
  identifier: z.string(),
  timestamp: z.int(),
  payload: z.object({ stripe_customer_id: z.string(), value: z.string() }),
});

/** By handler. */
export const answers: Answers = {
  readUsage: {
    200: z.object({
      workspaces: z.array(z.object({
        workspace_id: id,
        plan: z.string(),
        limits: z.array(limit),
        budgets: z.array(budget),
      })),
    }),
  },
  exportUsage: {
    200: z.union([
      z.object({ events: z.array(event), next: z.string() }),
      z.object({
        events: z.array(meterEvent),
        without_customer: z.array(id),
        next: z.string(),
      }),
    ]),
  },
};
