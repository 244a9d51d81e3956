import {
  type Agent,
  asAgent,
  type Person,
  type Service,
} from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { uuidParameter } from "../_shared/input.ts";

/** `DELETE /memory/:id`: forgets a memory of oneself and what it superseded; the service anyone's. */
export async function forgetMemory(
  context: RequestContext,
  caller: Person | Service | Agent,
): Promise<Response> {
  const id = uuidParameter(context.req.param("id"), "id");
  const person = caller.kind === "person" ? caller.userId : null;
  const [done] = await context.env.database.run(
    (sql) => sql<{ forgotten: number }[]>`select private.forget(${id}, ${person}) as forgotten`,
    { as: asAgent(caller) },
  );
  return answer(done);
}
