import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readQuery, uuid } from "../_shared/input.ts";

const query = z.strictObject({ workspace: uuid.optional() });

interface Used {
  workspace_id: string;
  plan: string;
  limits: {
    name: string;
    subject: string;
    period: string;
    unit: string;
    /** Null where nothing keeps it: what runs at once, and what is of a single thing. */
    used: number | null;
    /** Null: no bound. */
    allowed: number | null;
    frees_at: string | null;
  }[];
  /** Admins see all of the workspace, others their own. */
  budgets: unknown[];
}

/**
 * `GET /usage`: each limit of the caller's workspaces, what is used of it, and when it frees;
 * and the budgets, with what is left of them.
 * `?workspace=` names one, and the service always does. Guests see none.
 */
export async function readUsage(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const { workspace } = readQuery(context.req.raw, query);
  const person = caller.kind === "person" ? caller.userId : null;
  if (!person && !workspace) {
    throw new ApiError(400, "invalid_parameter", "workspace: the service names the workspace.");
  }
  const workspaces = await context.env.database.run((sql) =>
    sql<Used[]>`
      select known.workspace_id, workspace.billing_plan as plan,
        jsonb_agg(to_jsonb(known) - 'workspace_id' order by known.name) as limits,
        (select coalesce(jsonb_agg(private.budget_status(b) order by b.created_at, b.id), '[]')
          from public.budgets as b
          where b.workspace_id = known.workspace_id
            and (${person}::uuid is null or b.user_id = ${person}::uuid
              or private.administers(${person}::uuid, known.workspace_id))) as budgets
      from private.read_usage(
        array(
          select w.id from public.workspaces as w
          where (${workspace ?? null}::uuid is null or w.id = ${workspace ?? null}::uuid)
            and (${person}::uuid is null or w.id in (
              select m.workspace_id from public.members as m
              where m.user_id = ${person}::uuid and m.role <> 'guest'))
        ),
        ${person}::uuid
      ) as known
      join public.workspaces as workspace on workspace.id = known.workspace_id
      group by 1, 2 order by 1`
  );
  if (workspace && workspaces.length === 0) throw notFound("The workspace");
  return answer({ workspaces });
}
takes(readUsage, { query });
