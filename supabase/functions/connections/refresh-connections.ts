import type { Person, Service } from "../_shared/access/authentication.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { uuidParameter } from "../_shared/input.ts";
import type { Services } from "../_shared/services.ts";
import { always, type Held, renewConnection, renewHeld } from "./renew-connection.ts";
import {
  connectionExpired,
  connectionRevoked,
  providerRefused,
  providerUnavailable,
} from "./provider-errors.ts";

async function tellState({ database }: Services, id: string) {
  const [row] = await database.run((sql) =>
    sql<{ status: string; expires_at: Date | null; refreshed_at: Date | null }[]>`
      select status, expires_at, refreshed_at from public.service_connections where id = ${id}`
  );
  if (!row) throw notFound("The connection");
  return row;
}

/** `POST /connections/:id/refresh`: the token is renewed now, whatever its age. */
export async function refreshConnection(
  context: RequestContext,
  caller: Person | Service,
): Promise<Response> {
  const services = context.env;
  const id = uuidParameter(context.req.param("id"), "id");
  const renewal = await renewConnection(services, id, {
    reason: "refreshing on request",
    within: always,
    user: caller.kind === "person" ? caller.userId : null,
    by: caller.kind === "person" ? caller : undefined,
  });
  switch (renewal.kind) {
    case "later":
      throw providerUnavailable(renewal.trouble, renewal.seconds);
    case "refused":
      throw providerRefused(renewal.trouble);
    case "revoked":
      throw connectionRevoked();
    case "expired":
      throw connectionExpired();
    case "gone":
      throw notFound("The connection");
    case "not_renewable":
      throw new ApiError(409, "not_renewable", "The provider gave nothing to renew this by.", {
        hint: "It holds until it ends; then the person must connect the account again.",
      });
    default: {
      const { status, expires_at, refreshed_at } = await tellState(services, id);
      return answer({ connection_id: id, status, expires_at, refreshed_at });
    }
  }
}

/** How many are renewed at the same time, how long each may take, and when no more are begun, in ms. */
const bounds = { atOnce: 10, patience: 4000, begin: 4000, most: 50 };

/**
 * `POST /connections/refresh-due`: the job's. Renews up to 50 that are about to end and answers
 * within 10 seconds, as the ledger of calls expects. What is left is due at the next run.
 */
export async function refreshDue(context: RequestContext): Promise<Response> {
  const services = context.env;
  const begun = Date.now();
  const tally = { renewed: 0, revoked: 0, failed: 0 };
  for (let done = 0; done < bounds.most && Date.now() - begun < bounds.begin;) {
    const due = await services.database.run((sql) =>
      sql<Held[]>`select * from private.begin_due_renewals(${bounds.atOnce})`
    );
    if (due.length === 0) break;
    done += due.length;
    const renewals = await Promise.all(
      due.map((held) => renewHeld(services, held, bounds.patience)),
    );
    for (const { kind } of renewals) {
      if (kind === "renewed" || kind === "fresh") tally.renewed++;
      else if (kind === "revoked" || kind === "gone") tally.revoked++;
      else tally.failed++;
    }
  }
  return answer(tally);
}
