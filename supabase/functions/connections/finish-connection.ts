import { z } from "zod";
import type { Person } from "../_shared/access/authentication.ts";
import { ApiError, toApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody, readQuery } from "../_shared/input.ts";
import { log } from "../_shared/log.ts";
import type { Services } from "../_shared/services.ts";
import { askForTokens } from "./ask-provider.ts";
import { callbackUrl } from "./begin-connection.ts";
import { digestOf, type Grant, verifierOf } from "./oauth.ts";
import { providerRefused, providerUnavailable } from "./provider-errors.ts";

const shape = {
  state: z.string().min(1).max(200),
  code: z.string().min(1).max(4096).optional(),
  error: z.string().min(1).max(200).optional(),
};
/** Providers add words of their own, which do not matter here. */
const query = z.object(shape);
const body = z.strictObject(shape);

interface Attempt {
  user_id: string;
  workspace_id: string;
  provider: string;
  connection_id: string;
  salt: string;
  scopes: string[];
  return_to: string | null;
  is_late: boolean;
  token_url: string;
  client_id: string;
  client_secret: string | null;
  client_authentication: string;
  uses_pkce: boolean;
}

function stateInvalid(): ApiError {
  return new ApiError(400, "state_invalid", "This way back has been used, or is over.", {
    hint:
      "Begin again: the provider must be visited within 10 minutes, and each visit counts once.",
  });
}

async function takeAttempt(
  { database }: Services,
  state: string,
  user: string | null,
): Promise<Attempt | undefined> {
  const [attempt] = await database.run((sql) =>
    sql<Attempt[]>`
      select user_id, workspace_id, provider, connection_id, salt, to_jsonb(scopes) as scopes, return_to,
        is_late, token_url, client_id, client_secret, client_authentication, uses_pkce
      from private.take_connection_attempt(${digestOf(state)}, ${user})`
  );
  return attempt;
}

async function findPage({ database }: Services, state: string): Promise<string | null> {
  const [row] = await database.run((sql) =>
    sql<{ page: string | null }[]>`select private.attempt_to_confirm(${digestOf(state)}) as page`
  );
  return row?.page ?? null;
}

async function exchangeCode(
  services: Services,
  attempt: Attempt,
  { state, code, error }: z.output<typeof query>,
): Promise<Grant> {
  if (attempt.is_late) throw stateInvalid();
  if (error === "access_denied") {
    throw new ApiError(403, "authorization_denied", "The account was not opened to us.");
  }
  if (error === "temporarily_unavailable" || error === "server_error") {
    throw providerUnavailable(error);
  }
  if (error !== undefined) {
    throw providerRefused(/^[a-z_]{1,60}$/.test(error) ? error : "it does not say why");
  }
  if (code === undefined) {
    throw new ApiError(400, "invalid_parameter", "code: is missing");
  }
  const outcome = await askForTokens(services, { ...attempt, url: attempt.token_url }, {
    grant_type: "authorization_code",
    code,
    redirect_uri: callbackUrl(services),
    ...(attempt.uses_pkce ? { code_verifier: verifierOf(state, attempt.salt) } : {}),
  });
  if (outcome.kind === "failed") throw providerUnavailable(outcome.trouble);
  if (outcome.kind !== "granted") throw providerRefused(outcome.trouble);
  return outcome.grant;
}

async function store(services: Services, attempt: Attempt, grant: Grant): Promise<string> {
  try {
    const [stored] = await services.database.run((sql) =>
      sql<{ id: string }[]>`
        select private.store_connection(
          ${attempt.connection_id}, ${attempt.user_id}, ${attempt.workspace_id}, ${attempt.provider},
          ${grant.account}, string_to_array(${(grant.scopes ?? attempt.scopes).join(" ")}, ' '),
          ${grant.accessToken}, ${grant.refreshToken}, ${grant.expiresIn}
        ) as id`
    );
    if (!stored) throw new Error("store_connection returned no row");
    return stored.id;
  } catch (error) {
    // What was given and cannot be kept is not left lying about.
    await services.database.run((sql) =>
      sql`select private.queue_late_revocation(
        ${attempt.connection_id}, ${attempt.workspace_id}, ${attempt.provider},
        ${grant.accessToken}, ${grant.refreshToken}
      )`
    ).catch((cause) => log("warning", "tokens that were not kept were not taken back", { cause }));
    throw error;
  }
}

const quiet = { "cache-control": "no-store", "referrer-policy": "no-referrer" };

/** Back to the page that the person came from, with what became of it. */
function sendBack(returnTo: string, told: Record<string, string>): Response {
  const url = new URL(returnTo);
  for (const [name, value] of Object.entries(told)) url.searchParams.set(name, value);
  return new Response(null, { status: 302, headers: { ...quiet, location: url.href } });
}

/**
 * `POST /connections/finish`: the page that the browser came back to hands over what the provider
 * said, with the person's own token. Only the person who began can finish.
 */
export async function confirmConnection(
  context: RequestContext,
  caller: Person,
): Promise<Response> {
  const services = context.env;
  const given = await readBody(context.req.raw, body);
  const attempt = await takeAttempt(services, given.state, caller.userId);
  if (!attempt) throw stateInvalid();
  const grant = await exchangeCode(services, attempt, given);
  const id = await store(services, attempt, grant);
  return answer({ connection_id: id, provider: attempt.provider, status: "active" }, 200, quiet);
}
takes(confirmConnection, { body });

/**
 * `GET /connections/callback`: the browser comes back from the provider. The state decides whose
 * attempt it is and works once; the code is exchanged here, and the browser never sees a token.
 * Ends at `return_to` with `connection` and `status=connected`, or with `error`; without a
 * `return_to` as JSON. Where the provider's row asks for confirmation nothing is exchanged here:
 * `return_to` is given `state` and `code`, and its page goes on with `POST /connections/finish`.
 */
export async function finishConnection(context: RequestContext): Promise<Response> {
  const services = context.env;
  const given = readQuery(context.req.raw, query);
  const attempt = await takeAttempt(services, given.state, null);
  if (!attempt) {
    const page = await findPage(services, given.state);
    if (page === null) throw stateInvalid();
    return sendBack(page, given); // the code is worth nothing without the verifier and our secret
  }
  try {
    const grant = await exchangeCode(services, attempt, given);
    const id = await store(services, attempt, grant);
    if (attempt.return_to) {
      return sendBack(attempt.return_to, { connection: id, status: "connected" });
    }
    return answer({ connection_id: id, provider: attempt.provider, status: "active" }, 200, quiet);
  } catch (error) {
    const known = toApiError(error);
    if (attempt.return_to && known.status !== 500) {
      return sendBack(attempt.return_to, { connection: attempt.connection_id, error: known.code });
    }
    throw error;
  }
}
takes(finishConnection, { query });
