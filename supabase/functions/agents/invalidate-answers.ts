import { z } from "zod";
import { unavailable } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody, uuid } from "../_shared/input.ts";

const body = z.strictObject({
  floors: z.record(uuid, z.int().min(0)).default({}),
  agents: z.array(uuid).max(10_000).default([]),
});

const mebibyte = 1024 * 1024;

/**
 * `POST /agents/invalidate`: the database says that something was changed without us.
 *
 * Answers 503 when Redis could not be told, so that the ledger of calls tries again.
 */
export async function invalidateAnswers(context: RequestContext): Promise<Response> {
  const { permissions, scratchpad } = context.env;
  const { floors, agents } = await readBody(context.req.raw, body, 4 * mebibyte);
  const raised = await permissions.raiseFloors(new Map(Object.entries(floors)));
  const cleared = raised &&
    await scratchpad.clear((pad) => pad.remove(agents.map((agent) => `endpoint:${agent}`)));
  if (!cleared) throw unavailable("Redis does not answer: cached answers end by themselves.");
  return answer({ floors: Object.keys(floors).length, agents: agents.length });
}
takes(invalidateAnswers, { body });
