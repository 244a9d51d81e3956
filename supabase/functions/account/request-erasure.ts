import { z } from "zod";
import type { Person } from "../_shared/access/authentication.ts";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { readBody, uuid } from "../_shared/input.ts";

/** What somebody without an address says, or whoever likes. */
const word = "erase";

const body = z.strictObject({
  /** The caller's own address, or the word: no slip of a finger erases anybody. */
  confirm: z.string().min(1).max(320),
  /** Only what they were in this workspace; the whole account when left out. */
  workspace_id: uuid.optional(),
});

/**
 * `POST /account/erase`: asks that the caller be forgotten. 202 with the receipt, under which
 * `GET /account/erasures/:receipt` tells how it stands. Asking again while it is open answers the
 * same receipt.
 */
export async function requestErasure(context: RequestContext, caller: Person): Promise<Response> {
  const { confirm, workspace_id = null } = await readBody(context.req.raw, body);
  const { database } = context.env;
  const said = confirm.trim().toLowerCase();
  if (said !== word) {
    const [known] = await database.run((sql) =>
      sql<{ email: string | null }[]>`
        select lower(email) as email from public.profiles where user_id = ${caller.userId}`
    );
    if (said !== known?.email) {
      throw new ApiError(422, "not_confirmed", "This is not the account's address.", {
        hint: `Confirm with the address of the account, or with the word "${word}".`,
      });
    }
  }
  const [row] = await database.run((sql) =>
    sql<{ receipt: string }[]>`
      select private.ask_to_be_erased(${caller.userId}, ${workspace_id}) as receipt`
  );
  const receipt = row?.receipt ?? "";
  const place = `/functions/v1/account/erasures/${receipt}`;
  return answer({ receipt, status: "pending", status_url: place }, 202, { location: place });
}
