import type { Person } from "../_shared/access/authentication.ts";
import type { RequestContext } from "../_shared/http/app.ts";

/** Milliseconds: the audit log is read from one end to the other, and then the archive is taken along. */
const patience = { first: 55_000, last: 120_000, stall: 10_000 };

/**
 * `POST /account/export`: everything that is kept about the caller, as one document, asked for as the
 * caller (`public.export_user_data`), and passed on in pieces, however long it is. Who stops reading
 * for 10 s, or takes longer than two minutes, gets it broken off. Takes no body.
 */
export async function exportPerson(context: RequestContext, caller: Person): Promise<Response> {
  const { database, limits } = context.env;
  const claims = { sub: caller.userId, role: "authenticated" };
  const archive = await limits.during(
    "long_work_at_once",
    null,
    caller.userId,
    () =>
      database.readPieces(
        (sql) =>
          sql<
            { piece: string }[]
          >`select piece from private.export_pieces(${caller.userId}) as piece`,
        { ...patience, claims },
      ),
  );
  return new Response(archive, {
    headers: {
      "content-type": "application/json",
      "content-disposition": 'attachment; filename="account.json"',
    },
  });
}
