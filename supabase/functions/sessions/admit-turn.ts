/**
 * A session's budget while it talks: before a person's words go to their agent, their turn is
 * reserved. A turn that the service has told is settled, and the next words reserve the next one.
 */
import { toApiError } from "../_shared/errors.ts";
import type { Closure } from "../_shared/outbound/websocket.ts";
import type { Services } from "../_shared/services.ts";
import { closeCodes } from "./relay.ts";
import type { Session } from "./session-store.ts";

/** Milliseconds for which it holds that a workspace has no budget: as long as permissions are kept. */
const goodFor = 2000;

/** What a relay asks before it passes on what a person says; null while it is known that there is no budget. */
export function createAdmission(
  { database }: Pick<Services, "database">,
  { id, workspace_id, user_id, agent_id }: Session,
  now: () => number = Date.now,
): () => Promise<Closure | null> | null {
  let goodUntil = 0;
  return () => {
    if (now() < goodUntil) return null;
    const asked = database.run((sql) =>
      sql<{ has_budget: boolean }[]>`
        select private.begin_session_turn(${id}, ${workspace_id}, ${user_id}, ${agent_id}) as has_budget`
    );
    return asked.then(([answer]) => {
      if (!answer?.has_budget) goodUntil = now() + goodFor;
      return null;
    }, (error) => {
      if (toApiError(error).code !== "budget_exhausted") throw error;
      return { code: closeCodes.budgetExhausted, reason: "The budget is used up." };
    });
  };
}
