import type { Person } from "../_shared/access/authentication.ts";
import type { Sql } from "../_shared/database.ts";
import type { RequestContext } from "../_shared/http/app.ts";
import { readerOf } from "../_shared/http/reader.ts";

/** Milliseconds: the audit log is read from one end to the other, and then the archive is taken along. */
const patience = { first: 55_000, last: 120_000, stall: 10_000 };

/**
 * `POST /account/export`: everything that is kept about the caller, as one document, asked for as the
 * caller (`public.export_user_data`), and passed on in pieces, however long it is. Who stops reading
 * for 10 s, or takes longer than two minutes, gets it broken off. Takes no body.
 */
export async function exportPerson(context: RequestContext, caller: Person): Promise<Response> {
  const { limits } = context.env;
  const archive = await limits.during(
    "long_work_at_once",
    null,
    caller.userId,
    () => readArchive(context, caller),
  );
  return new Response(archive, {
    headers: {
      "content-type": "application/json",
      "content-disposition": 'attachment; filename="account.json"',
    },
  });
}

/** With replicas: what it counts is counted on the primary first, and then any of them may read. */
async function readArchive(
  context: RequestContext,
  caller: Person,
): Promise<ReadableStream<Uint8Array>> {
  const { database, replicas, standings } = context.env;
  const claims = { sub: caller.userId, role: "authenticated" };
  const build = (sql: Sql) =>
    sql<{ piece: string }[]>`select piece from private.export_pieces(${caller.userId}) as piece`;
  if (!replicas.areThere) return await database.readPieces(build, { ...patience, claims });
  await database.run(
    (sql) => sql`select private.begin_export(${caller.userId})`,
    { by: { claims } },
  );
  return await replicas.readPieces(
    await readerOf(context, standings.ofItself),
    build,
    patience,
  );
}
