import type { Agent, Person, Service } from "../_shared/access/authentication.ts";
import { notFound } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { isOf } from "../_shared/access/places.ts";
import { uuidParameter } from "../_shared/input.ts";

/**
 * `GET /access/v1/places/:workspace`: in which cell a workspace is, and how to call it. The people of the workspace are
 * told, its agents that act for one of them, and the service; for all others it does not exist.
 */
export async function tellPlace(
  context: RequestContext,
  caller: Person | Agent | Service,
): Promise<Response> {
  const workspace = uuidParameter(context.req.param("workspace"), "workspace");
  const { placeOf } = context.env.places;
  const place = caller.kind === "service"
    ? await placeOf(null, workspace)
    // An agent as itself is nobody here, and one of another workspace of its person a stranger.
    : caller.userId && isOf(caller, workspace) && await placeOf(caller.userId, workspace);
  if (!place) throw notFound("The workspace");
  return answer(place);
}
