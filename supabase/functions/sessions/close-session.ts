import type { Person, Service } from "../_shared/access/authentication.ts";
import { answer, type RequestContext, requestId } from "../_shared/http/app.ts";
import { uuidParameter } from "../_shared/input.ts";
import { endRelaysOf } from "./open-relays.ts";
import { dropSession, requireSession } from "./session-store.ts";

/**
 * `DELETE /sessions/:id`: closes it; once closed it stays closed, and closing again says so too.
 * Sockets that this isolate holds are closed at once (4409), those of others within ten seconds.
 */
export async function closeSession(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const id = uuidParameter(context.req.param("id"), "id");
  const { session } = await requireSession(context.env, id, caller);
  const [row] = await context.env.database.run((sql) =>
    sql<{ was_open: boolean }[]>`
      select private.close_session(${id}, ${session.user_id}, ${requestId(context.req.raw)}, ${
      caller.kind === "service"
    }) as was_open`
  );
  // Also when it was closed before: whoever closed it may not have come this far.
  await dropSession(context.env, session);
  endRelaysOf(id);
  return answer({ session_id: id, closed: true, was_open: row?.was_open ?? false });
}
