import { notFound } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { uuidParameter } from "../_shared/input.ts";

interface Standing {
  status: string;
  scope: string;
  requested_at: string;
  erased_at: string | null;
  finished_at: string | null;
  cause: string | null;
}

/**
 * `GET /account/erasures/:receipt`: how a request stands, for whoever has the receipt. `done`:
 * nothing mentions the person any more. `failed`: it needs somebody, and `cause` says what for.
 */
export async function tellErasure(context: RequestContext): Promise<Response> {
  const receipt = uuidParameter(context.req.param("receipt"), "receipt");
  const [standing] = await context.env.database.run((sql) =>
    sql<Standing[]>`
      select status, scope, cause, to_jsonb(requested_at) #>> '{}' as requested_at,
        to_jsonb(erased_at) #>> '{}' as erased_at, to_jsonb(finished_at) #>> '{}' as finished_at
      from private.erasure_status(${receipt})`
  );
  if (!standing) throw notFound("The request");
  return answer(standing);
}
