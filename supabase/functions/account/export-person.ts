import type { Person } from "../_shared/access/authentication.ts";
import { answerText, type RequestContext } from "../_shared/http/app.ts";

/** Milliseconds: the audit log is read from one end to the other. */
const patience = { query: 55_000 };

/**
 * `POST /account/export`: everything that is kept about the caller, as one document
 * (`public.export_user_data`). Takes no body.
 */
export async function exportPerson(context: RequestContext, caller: Person): Promise<Response> {
  const [row] = await context.env.database.run(
    (sql) =>
      sql<{ archive: string }[]>`
        select private.export_user_data(${caller.userId})::text as archive`,
    patience,
  );
  const response = answerText(row?.archive ?? "{}");
  response.headers.set("content-disposition", 'attachment; filename="account.json"');
  return response;
}
