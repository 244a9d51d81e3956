import { z } from "zod";
import type { Person } from "../_shared/access/authentication.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readQuery, uuid } from "../_shared/input.ts";
import { log } from "../_shared/log.ts";
import { OutboundRefused } from "../_shared/outbound/url.ts";
import type { Services } from "../_shared/services.ts";
import { checkAuthorizeUrl } from "./ask-provider.ts";
import { authorizeUrl, challengeOf, digestOf, randomText, verifierOf } from "./oauth.ts";
import { providerRefused } from "./provider-errors.ts";

const query = z.strictObject({
  workspace: uuid,
  connection: uuid.optional(),
  return_to: z.string().max(2000).optional(),
  redirect: z.literal("true").optional(),
});

interface Begun {
  connection_id: string;
  authorize_url: string;
  client_id: string;
  uses_pkce: boolean;
  needs_confirmation: boolean;
  scopes: string[];
  authorize_parameters: Record<string, unknown>;
  expires_at: Date;
}

/** Where providers send people back to: registered with each of them. */
export function callbackUrl({ environment }: Services): string {
  return `${environment.publicUrl}/functions/v1/connections/callback`;
}

/** A page to come back to must be of an origin that the operator has named. */
function checkReturn({ environment }: Services, returnTo: string): void {
  const url = URL.canParse(returnTo) ? new URL(returnTo) : null;
  if (url && environment.returnOrigins.includes(url.origin) && !url.username && !url.password) {
    return;
  }
  throw new ApiError(400, "invalid_parameter", "return_to: is not of an origin allowed here", {
    hint: "The operator names them in GROUNDWORK_RETURN_ORIGINS.",
  });
}

/**
 * `GET /connections/:provider/authorize?workspace=…`: where to send the person, who comes back to
 * `/callback`. `return_to`: a page that the browser is sent to in the end; `connection`: one of the
 * person's that is to be connected again; `redirect=true`: a 302 instead of `{url}`.
 */
export async function beginConnection(
  context: RequestContext,
  caller: Person,
): Promise<Response> {
  const services = context.env;
  const asked = readQuery(context.req.raw, query);
  const provider = context.req.param("provider") ?? "";
  if (!/^[a-z][a-z0-9-]{0,59}$/.test(provider)) throw notFound("The provider");
  if (asked.return_to !== undefined) checkReturn(services, asked.return_to);
  const state = randomText();
  const salt = randomText();
  const [begun] = await services.database.run((sql) =>
    sql<Begun[]>`
      select connection_id, authorize_url, client_id, uses_pkce, needs_confirmation, to_jsonb(scopes) as scopes,
        authorize_parameters, expires_at
      from private.begin_connection(
        ${caller.userId}, ${asked.workspace}, ${provider}, ${digestOf(state)}, ${salt},
        ${asked.return_to ?? null}, ${asked.connection ?? null}
      )`
  );
  if (!begun) throw new Error("begin_connection returned no row");
  if (begun.needs_confirmation && asked.return_to === undefined) {
    throw new ApiError(400, "invalid_parameter", "return_to: is needed for this provider", {
      hint: "The page there finishes the way with POST /connections/finish.",
    });
  }
  try {
    checkAuthorizeUrl(services, begun.authorize_url);
  } catch (error) {
    if (!(error instanceof OutboundRefused)) throw error;
    log("warning", "a provider's address was refused", { provider, error });
    throw providerRefused("its address is not allowed");
  }
  const url = authorizeUrl(begun, {
    state,
    redirectUri: callbackUrl(services),
    challenge: begun.uses_pkce ? challengeOf(verifierOf(state, salt)) : null,
  });
  const headers = { "cache-control": "no-store" };
  if (asked.redirect) {
    return new Response(null, { status: 302, headers: { ...headers, location: url } });
  }
  return answer(
    { url, connection_id: begun.connection_id, expires_at: begun.expires_at.toISOString() },
    200,
    headers,
  );
}
takes(beginConnection, { query });
