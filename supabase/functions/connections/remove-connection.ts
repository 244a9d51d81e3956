import type { Person } from "../_shared/access/authentication.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { uuidParameter } from "../_shared/input.ts";
import { log } from "../_shared/log.ts";
import type { Services } from "../_shared/services.ts";
import { askToRevoke, providerPatience } from "./ask-provider.ts";

interface Revocation {
  id: number;
  lease: string;
  revoke_url: string;
  client_id: string;
  client_secret: string | null;
  client_authentication: string;
  access_token: string | null;
  refresh_token: string | null;
}

/** Takes tokens back at the provider: first the refresh token, which stands for the whole grant. */
async function revoke(
  services: Services,
  given: Revocation,
  patience: number,
): Promise<"revoked" | "later" | "given_up" | "overtaken"> {
  const endpoint = { ...given, url: given.revoke_url };
  let trouble: string | null = null;
  if (given.refresh_token !== null) {
    trouble = await askToRevoke(services, endpoint, given.refresh_token, "refresh_token", patience);
  }
  if (trouble === null && given.access_token !== null) {
    trouble = await askToRevoke(services, endpoint, given.access_token, "access_token", patience);
  }
  const [finished] = await services.database.run((sql) =>
    sql<{ outcome: "revoked" | "later" | "given_up" | "overtaken" }[]>`
      select private.finish_revocation(${given.id}, ${given.lease}, ${trouble}) as outcome`
  );
  const outcome = finished?.outcome ?? "overtaken";
  if (trouble !== null) {
    log("warning", "tokens were not taken back at the provider", { trouble, outcome });
  }
  return outcome;
}

async function revokeSome(
  services: Services,
  asked: { most: number; connection: string | null; patience: number },
) {
  const due = await services.database.run((sql) =>
    sql<Revocation[]>`select * from private.begin_revocations(${asked.most}, ${asked.connection})`
  );
  return await Promise.all(due.map((given) => revoke(services, given, asked.patience)));
}

/**
 * `DELETE /connections/:id`: gone for everyone at once, then taken back at the provider. `provider`
 * says how that went: `revoked`, `pending` (202: it is away, and is asked again until it answers) or
 * `not_offered`.
 */
export async function removeConnection(
  context: RequestContext,
  caller: Person,
): Promise<Response> {
  const services = context.env;
  const id = uuidParameter(context.req.param("id"), "id");
  const [removed] = await services.database.run((sql) =>
    sql<{ is_pending: boolean }[]>`
      select private.remove_connection(${id}, ${caller.userId}) as is_pending`
  );
  if (!removed?.is_pending) return answer({ connection_id: id, provider: "not_offered" });
  const asked = { most: 10, connection: id, patience: providerPatience / 2 };
  const outcomes = await revokeSome(services, asked);
  const isRevoked = outcomes.length > 0 && outcomes.every((outcome) => outcome === "revoked");
  return answer(
    { connection_id: id, provider: isRevoked ? "revoked" : "pending" },
    isRevoked ? 200 : 202,
  );
}

/** As for refreshing: answered within the 10 seconds of the ledger. */
const bounds = { atOnce: 10, patience: 2000, begin: 4000, most: 50 };

/** `POST /connections/revoke-due`: the job's. Takes back up to 50 that are due. */
export async function revokeDue(context: RequestContext): Promise<Response> {
  const begun = Date.now();
  const tally = { revoked: 0, failed: 0 };
  for (let done = 0; done < bounds.most && Date.now() - begun < bounds.begin;) {
    const asked = { most: bounds.atOnce, connection: null, patience: bounds.patience };
    const outcomes = await revokeSome(context.env, asked);
    if (outcomes.length === 0) break;
    done += outcomes.length;
    for (const outcome of outcomes) tally[outcome === "revoked" ? "revoked" : "failed"]++;
  }
  return answer(tally);
}
