/** A connection's tokens are renewed by one caller at a time; the others wait for what it brings. */
import { type Agent, claimsOf, type Person } from "../_shared/access/authentication.ts";
import { unavailable } from "../_shared/errors.ts";
import { log } from "../_shared/log.ts";
import type { Services } from "../_shared/services.ts";
import { askForTokens, providerPatience } from "./ask-provider.ts";
import type { Grant } from "./oauth.ts";

/** What it takes to renew a connection, and the lease by which it is held. */
export interface Held {
  readonly connection_id: string;
  readonly lease: string;
  readonly token_url: string;
  readonly client_id: string;
  readonly client_secret: string | null;
  readonly client_authentication: string;
  readonly refresh_token: string;
  readonly workspace_id: string;
  readonly provider: string;
}

/** What became of a renewal; `later`: the provider failed now or lately, and why. */
export type Renewal =
  | { readonly kind: "renewed" | "fresh" | "revoked" | "expired" | "not_renewable" | "gone" }
  | { readonly kind: "later"; readonly trouble: string; readonly seconds: number }
  | { readonly kind: "refused"; readonly trouble: string };

type Begun = Omit<Held, "connection_id"> & {
  readonly outcome: "begun" | "held" | "fresh" | "later" | "not_renewable" | "revoked" | "expired";
  readonly next_attempt_at: Date | null;
};

/** Seconds before a token's end in which it is renewed rather than used. */
export const margin = 120;
/** Longer than any token lives: renew whatever its age. */
export const always = 100 * 365 * 86_400;

const pause = 100;

/** By whose request it is renewed, for the audit log; undefined: the service's. */
type Asker = { readonly claims: Readonly<Record<string, unknown>> } | undefined;

async function keep(services: Services, held: Held, grant: Grant, by: Asker): Promise<Renewal> {
  const [kept] = await services.database.run(
    (sql) =>
      sql<{ outcome: "stored" | "gone" | "overtaken" }[]>`
      select private.finish_renewal(
        ${held.connection_id}, ${held.lease}, ${grant.accessToken}, ${grant.refreshToken},
        ${grant.expiresIn}, string_to_array(${grant.scopes?.join(" ") ?? null}, ' ')
      ) as outcome`,
    { by },
  );
  if (kept?.outcome !== "gone") return { kind: kept?.outcome === "stored" ? "renewed" : "fresh" };
  // Removed meanwhile: what the provider just gave is taken back with the rest.
  await services.database.run((sql) =>
    sql`select private.queue_late_revocation(
      ${held.connection_id}, ${held.workspace_id}, ${held.provider},
      ${grant.accessToken}, ${grant.refreshToken}
    )`
  );
  return { kind: "gone" };
}

/** Renews a connection whose lease is held, and says in the database what became of it, and by whose request. */
export async function renewHeld(
  services: Services,
  held: Held,
  patience: number = providerPatience,
  by?: Asker,
): Promise<Renewal> {
  const outcome = await askForTokens(services, { ...held, url: held.token_url }, {
    grant_type: "refresh_token",
    refresh_token: held.refresh_token,
  }, patience);
  if (outcome.kind === "granted") return await keep(services, held, outcome.grant, by);
  const isRevoked = outcome.kind === "revoked";
  await services.database.run(
    (sql) =>
      sql`select private.fail_renewal(
      ${held.connection_id}, ${held.lease}, ${outcome.trouble}, ${isRevoked}
    )`,
    { by },
  );
  log(isRevoked ? "info" : "warning", "a connection was not renewed", {
    connection_id: held.connection_id,
    provider: held.provider,
    outcome: outcome.kind,
    trouble: outcome.trouble,
  });
  if (outcome.kind === "failed") return { kind: "later", trouble: outcome.trouble, seconds: 30 };
  return isRevoked ? { kind: "revoked" } : { kind: "refused", trouble: outcome.trouble };
}

/**
 * Renews a connection unless its token lives longer than `within` seconds. When somebody else is at
 * it their result is awaited and not doubled: a refresh token may work only once.
 *
 * @param asked user: only if it is theirs; by: who asks for it, whom the audit log names
 * @throws ApiError 404 `not_found`, 503 `unavailable` when somebody else takes too long
 */
export async function renewConnection(
  services: Services,
  id: string,
  asked: { reason: string; within: number; user: string | null; by?: Person | Agent | undefined },
): Promise<Renewal> {
  const deadline = Date.now() + providerPatience + 4000;
  const by = asked.by && claimsOf(asked.by);
  let within = asked.within;
  let hasWaited = false;
  for (;;) {
    const [begun] = await services.database.run(
      (sql) =>
        sql<Begun[]>`
        select * from private.begin_renewal(
          ${id}, ${asked.reason}, make_interval(secs => ${within}), ${asked.user}
        )`,
      { by },
    );
    if (!begun) throw new Error("begin_renewal returned no row");
    switch (begun.outcome) {
      case "begun":
        return await renewHeld(services, { ...begun, connection_id: id }, providerPatience, by);
      case "later": {
        const left = Number(begun.next_attempt_at) - Date.now();
        return { kind: "later", trouble: "it failed lately", seconds: Math.ceil(left / 1000) };
      }
      case "fresh":
        return { kind: hasWaited ? "renewed" : "fresh" };
      case "held":
        if (Date.now() > deadline) throw unavailable("The connection is being renewed.");
        hasWaited = true;
        within = Math.min(within, 1); // whatever they bring will do
        await new Promise((resolve) => setTimeout(resolve, pause));
        break;
      default:
        return { kind: begun.outcome };
    }
  }
}
