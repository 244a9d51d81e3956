import type { Person } from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { describeSession, listOpen } from "./session-store.ts";

const most = 100;

/**
 * `GET /sessions`: the caller's open sessions, the latest seen first, a hundred at most. One that
 * the scratchpad forgot is here again after its next sign of life.
 */
export async function listSessions(context: RequestContext, caller: Person): Promise<Response> {
  const sessions = await listOpen(context.env, caller.userId, most);
  return answer({ sessions: sessions.map(describeSession) });
}
