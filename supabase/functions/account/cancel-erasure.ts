import type { Person } from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { uuidParameter } from "../_shared/input.ts";

/**
 * `DELETE /account/erasures/:receipt`: calls a request of the caller's off, until it begins. Said
 * again, it is called off. 409 `erasure_begun` when it is too late.
 */
export async function cancelErasure(context: RequestContext, caller: Person): Promise<Response> {
  const receipt = uuidParameter(context.req.param("receipt"), "receipt");
  await context.env.database.run((sql) =>
    sql`select private.cancel_erasure_of(${caller.userId}, ${receipt})`
  );
  return answer({ receipt, status: "cancelled" });
}
