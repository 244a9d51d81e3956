import { z } from "zod";
import { rightsOf } from "../_shared/access/agent-rights.ts";
import type { Agent, Person, Service } from "../_shared/access/authentication.ts";
import { inBackground } from "../_shared/background.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import { answer, type RequestContext, traceOf } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { jsonbLength, readBody, uuidParameter } from "../_shared/input.ts";
import type { Metrics } from "../_shared/metrics.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";
import type { Services } from "../_shared/services.ts";
import { requireSession, type Session, touchSession } from "./session-store.ts";

const kinds = ["message", "tokens", "minutes", "seat", "storage"] as const;

/** What goes into sums is small: no turn uses a thousand million of anything. Six decimals are kept. */
const quantity = z.number().min(0).max(1e9).refine(
  (value) => Number(value.toFixed(6)) === value,
  { error: "may have six decimals" },
);

const usage = z.strictObject({
  kind: z.enum(kinds, { error: `must be one of ${kinds.join(", ")}` }),
  quantity,
  unit: z.string().min(1).max(40),
  amount_minor: z.int().min(0).optional(),
  currency: z.string().regex(/^[A-Z]{3}$/, { error: "must be a code of ISO 4217, e.g. USD" })
    .optional(),
});

const body = z.strictObject({
  request_id: z.string().min(1).max(200),
  // One kind and unit of a request is one billing event: a second one would be lost in silence.
  usage: z.array(usage).max(20).default([]).refine(
    (items) => new Set(items.map(({ kind, unit }) => `${kind} ${unit}`)).size === items.length,
    { error: "may have each kind and unit once" },
  ),
  detail: z.record(z.string(), z.json()).refine((detail) => jsonbLength(detail) <= 16_384, {
    error: "may be 16 KiB long",
  }).default({}),
});

/** What an agent needs for saying what it used. */
export const usageScope = "usage:write";
const longestOfAgents = 150;

/**
 * The session whose turn it is: a person's own, an agent's with it (and, for a person, theirs), the
 * service's are all.
 */
async function findTalk(services: Services, id: string, caller: Person | Service | Agent) {
  if (caller.kind !== "agent") return await requireSession(services, id, caller);
  const { agentId, userId } = await rightsOf(services.database, caller, usageScope);
  const found = await requireSession(services, id, { kind: "service" });
  const isOf = ({ agent_id, user_id }: Session) =>
    agent_id === agentId && (userId === null || user_id === userId);
  if (!isOf(found.session)) throw notFound("The session");
  return found;
}

/** Each kind of caller has request ids of its own: an agent's are not in the way of what the service reports. */
function requestIdOf(caller: Person | Service | Agent, given: string): string {
  if (caller.kind !== "agent") return given;
  if (given.length > longestOfAgents) {
    throw new ApiError(
      400,
      "invalid_body",
      `request_id: has at most ${longestOfAgents} characters`,
    );
  }
  return `agent:${caller.agentId}:${given}`;
}

/** A turn as OpenTelemetry's conventions for generative AI name it. */
function describeTurn({ id, agent_id }: Session, used: z.output<typeof usage>[]) {
  const sum = (what: string) => {
    const parts = used.filter(({ kind, unit }) => kind === "tokens" && unit.startsWith(what));
    return parts.length === 0 ? undefined : parts.reduce((total, one) => total + one.quantity, 0);
  };
  return {
    "gen_ai.operation.name": "chat",
    "gen_ai.conversation.id": id,
    "gen_ai.agent.id": agent_id,
    "gen_ai.usage.input_tokens": sum("input"),
    "gen_ai.usage.output_tokens": sum("output"),
  };
}

function countTurn(metrics: Metrics, used: z.output<typeof usage>[]): void {
  metrics.add("groundwork_turns_total");
  for (const { kind, quantity } of used) {
    metrics.add(`groundwork_usage_total{kind="${kind}"}`, quantity);
  }
}

/**
 * `POST /sessions/:id/turns`: a turn ended. Its audit entry and its billing events are written in
 * one transaction, exactly once per request id: 201 when new, 200 when known, with the same id. A
 * person's request ids are their own: they are not in the way of what the service reports.
 *
 * What was used was used: a turn is recorded also when the permission has ended meanwhile, when the
 * session was closed, and when the scratchpad has forgotten it. What it costs is for the service to
 * say and for the agent: amounts of money are not taken from a person.
 */
export async function recordTurn(
  context: RequestContext,
  caller: Person | Service | Agent,
): Promise<Response> {
  const id = uuidParameter(context.req.param("id"), "id");
  const given = await readBody(context.req.raw, body);
  const costs = given.usage.findIndex((one) => one.amount_minor !== undefined);
  if (caller.kind === "person" && costs >= 0) {
    const field = `usage[${costs}].amount_minor`;
    throw new ApiError(400, "invalid_body", `${field}: is for the service and the agent`);
  }
  const { session, isClosed } = await findTalk(context.env, id, caller);
  traceOf(context.req.raw)?.set(describeTurn(session, given.usage));
  const [turn] = await context.env.database.run((sql) =>
    sql<{ audit_id: number; is_new: boolean }[]>`
      select audit_id, is_new from private.record_turn(
        ${id}, ${session.user_id}, ${session.agent_id}, ${requestIdOf(caller, given.request_id)},
        ${sql.json(given.usage as unknown as Json)}, ${sql.json(given.detail as Json)},
        ${caller.kind !== "person"}
      )`
  );
  if (!turn) throw new Error("record_turn returned no row");
  if (turn.is_new) countTurn(context.env.metrics, given.usage);
  if (!isClosed) inBackground("noting a sign of life", touchSession(context.env, session));
  return answer({ session_id: id, ...turn }, turn.is_new ? 201 : 200);
}
takes(recordTurn, { body });
