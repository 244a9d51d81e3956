/** Who reads from replicas, and how old what they read may be, as the request says it. */
import { readConsistency } from "../access/consistency.ts";
import type { Standing } from "../access/standings.ts";
import type { Reader } from "../replicas/replicas.ts";
import type { RequestContext } from "./app.ts";

/**
 * The reader of this request. Where there are no replicas `x-consistency` is read all the same: what is wrong with it
 * is wrong everywhere.
 *
 * @param ask asks the primary whether they may read; whom it does not let in, it tells why when it is asked to read
 * @throws ApiError 400 `invalid_parameter`
 */
export async function readerOf(
  context: RequestContext,
  ask: () => Promise<Standing>,
): Promise<Reader> {
  const consistency = readConsistency(context.req.raw.headers.get("x-consistency"));
  const mayUseReplica = consistency === "cached" ||
    typeof consistency === "object" && "atPosition" in consistency;
  const standing = context.env.replicas.areThere && mayUseReplica
    ? await ask().catch(() => null)
    : null;
  return { consistency, standing };
}
