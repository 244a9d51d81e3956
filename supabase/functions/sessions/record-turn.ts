import { z } from "zod";
import type { Person, Service } from "../_shared/authentication.ts";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http.ts";
import { jsonbLength, readBody, uuidParameter } from "../_shared/input.ts";
import type { Json } from "../_shared/scratchpad.ts";
import { loadSession } from "./session-store.ts";

const kinds = ["message", "tokens", "minutes", "seat", "storage"] as const;

const used = z.strictObject({
  kind: z.enum(kinds),
  quantity: z.number().min(0).max(1e12),
  unit: z.string().min(1).max(40),
  amount_minor: z.int().min(0).optional(),
  currency: z.string().regex(/^[A-Z]{3}$/, { error: "must be an ISO 4217 code" }).optional(),
});

const turn = z.strictObject({
  request_id: z.string().min(1).max(200),
  usage: z.array(used).max(kinds.length).refine(
    (usage) => new Set(usage.map(({ kind }) => kind)).size === usage.length,
    { error: "names a kind twice" },
  ).default([]),
  detail: z.record(z.string(), z.json()).refine((detail) => jsonbLength(detail) <= 16_384, {
    error: "may be 16 KiB long",
  }).default({}),
});

/**
 * `POST /sessions/:id/turns`: a turn ended. Its audit entry and its billing events are written in
 * one transaction, exactly once per `request_id` within a day: 201 the first time, 200 after.
 * Amounts of money are the service's to say.
 */
export async function recordTurn(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const id = uuidParameter(context.req.param("id"), "id");
  const { request_id, usage, detail } = await readBody(context.req.raw, turn);
  if (caller.kind === "person" && usage.some((one) => one.amount_minor !== undefined)) {
    throw new ApiError(400, "invalid_body", "usage.amount_minor: is for the service only");
  }
  const session = await loadSession(context.env, id, caller);
  const [row] = await context.env.database.run((sql) =>
    sql<{ audit_id: number; is_new: boolean }[]>`
      select audit_id, is_new from private.record_turn(
        ${id}, ${session.user_id}, ${session.agent_id}, ${request_id},
        ${sql.json(usage as Json)}, ${sql.json(detail as Json)}
      )`
  );
  if (!row) throw new Error("record_turn returned no row");
  return answer(row, row.is_new ? 201 : 200);
}
