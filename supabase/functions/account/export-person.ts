import type { Person } from "../_shared/access/authentication.ts";
import { answerText, type RequestContext } from "../_shared/http/app.ts";

/** Milliseconds: the audit log is read from one end to the other. */
const patience = { query: 55_000 };

/**
 * `POST /account/export`: everything that is kept about the caller, as one document, asked for as the caller
 * (`public.export_user_data`). Takes no body.
 */
export async function exportPerson(context: RequestContext, caller: Person): Promise<Response> {
  const { database, limits } = context.env;
  const [row] = await limits.during("long_work_at_once", null, caller.userId, () =>
    database.run(
      (sql) =>
        sql<{ archive: string }[]>`
        select private.export_user_data(${caller.userId})::text as archive`,
      { ...patience, as: { claims: { sub: caller.userId, role: "authenticated" } } },
    ));
  const response = answerText(row?.archive ?? "{}");
  response.headers.set("content-disposition", 'attachment; filename="account.json"');
  return response;
}
