import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readQuery, uuidParameter } from "../_shared/input.ts";

const query = z.strictObject({
  anchor: z.string().regex(/^[0-9a-f]{64}$/i, { error: "must be a SHA-256 in hex" }).optional(),
  month: z.string().regex(/^(?!0000)\d{4}-(0[1-9]|1[0-2])$/, {
    error: "must be a month as YYYY-MM",
  })
    .optional(),
});

interface Verdict {
  is_valid: boolean;
  entries: number;
  seals: number;
  broken_at: number | null;
  reason: string | null;
  sealed_through: string | null;
  head_digest: string | null;
}

/** Milliseconds: a chain of a million entries takes about one second. */
const patience = { query: 30_000 };

/**
 * `GET /audit/:workspace/verify`: recomputes the chain of seals. `?anchor=` is a digest kept
 * elsewhere that must still be in it. `?month=` reads the entries of one month: a log that takes longer than the
 * patience is verified month by month. Admins and the service. A broken chain is answered 200 with
 * `is_valid: false`: the question was answered.
 */
export async function verifyChain(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const workspace = uuidParameter(context.req.param("workspace"), "workspace");
  const { anchor, month } = readQuery(context.req.raw, query);
  const { database, memberships, limits, places } = context.env;
  if (caller.kind === "person") await memberships.requireAdmin(caller.userId, workspace);
  else await places.requireHere(workspace);
  const person = caller.kind === "person" ? caller.userId : null;
  const [verdict] = await limits.during("long_work_at_once", workspace, person, () =>
    database.run(
      (sql) =>
        sql<Verdict[]>`
        select is_valid, entries, seals, broken_at, reason, head_digest,
          to_jsonb(sealed_through) #>> '{}' as sealed_through
        from public.verify_audit_log(${workspace}, ${anchor ?? null}, ${
          month ? `${month}-01` : null
        })`,
      patience,
    ));
  if (!verdict) throw new Error("verify_audit_log returned no row");
  return answer(verdict);
}
takes(verifyChain, { query });
