import { z } from "zod";
import type { Person } from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody, uuid } from "../_shared/input.ts";

const body = z.strictObject({
  /** The account's address, or the word `erase`: the database asks for it whichever way it is asked. */
  confirm: z.string().min(1).max(320),
  /** Only what they were in this workspace; the whole account when left out. */
  workspace_id: uuid.optional(),
});

/**
 * `POST /account/erase`: asks that the caller be forgotten. 202 with the receipt, under which
 * `GET /account/erasures/:receipt` tells how it stands. Asking again while it is open answers the
 * same receipt. It begins an hour later; until then `DELETE` calls it off.
 */
export async function requestErasure(context: RequestContext, caller: Person): Promise<Response> {
  const { confirm, workspace_id = null } = await readBody(context.req.raw, body);
  const [row] = await context.env.database.run((sql) =>
    sql<{ receipt: string }[]>`
      select private.request_erasure_of(${caller.userId}, ${workspace_id}, ${confirm}) as receipt`
  );
  const receipt = row?.receipt ?? "";
  const place = `/functions/v1/account/erasures/${receipt}`;
  return answer({ receipt, status: "pending", status_url: place }, 202, { location: place });
}
takes(requestErasure, { body });
