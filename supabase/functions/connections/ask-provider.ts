import { OutboundUnreachable } from "../_shared/outbound/connection.ts";
import { type OutboundAnswer, sendOutbound } from "../_shared/outbound/request.ts";
import {
  checkPublicUrl,
  findTarget,
  findUncheckedTarget,
  OutboundRefused,
} from "../_shared/outbound/url.ts";
import { log } from "../_shared/log.ts";
import type { Services } from "../_shared/services.ts";
import {
  type Client,
  formRequest,
  type Outcome,
  readRevocationAnswer,
  readTokenAnswer,
} from "./oauth.ts";

/** Milliseconds that a provider may take, unless a job is in a hurry. */
export const providerPatience = 8000;

/** A client and where it asks. */
export interface Endpoint extends Client {
  readonly url: string;
}

type Unanswered = { readonly kind: "refused" | "failed"; readonly trouble: string };

async function post(
  { environment }: Services,
  endpoint: Endpoint,
  fields: Record<string, string>,
  patience: number,
): Promise<OutboundAnswer | Unanswered> {
  try {
    if (!environment.allowPrivateProviders) checkPublicUrl(endpoint.url); // https, and not in the cluster
    const target = environment.allowPrivateProviders
      ? findUncheckedTarget(endpoint.url)
      : await findTarget(endpoint.url, { namespace: null, gateway: null });
    return await sendOutbound(target, {
      method: "POST",
      patience,
      ...formRequest(fields, endpoint),
    });
  } catch (error) {
    const { host } = new URL(endpoint.url);
    if (error instanceof OutboundRefused) {
      log("warning", "a provider's address was refused", { host, error });
      return { kind: "refused", trouble: "its address is not allowed" };
    }
    if (!(error instanceof OutboundUnreachable)) {
      log("warning", "a provider's name was not found", { host, error });
      return { kind: "failed", trouble: "its name was not found" };
    }
    log("warning", "a provider was not reached", { host, error });
    return { kind: "failed", trouble: "no answer" };
  }
}

/** Asks the token endpoint. Redirects are not followed: they count as failures. */
export async function askForTokens(
  services: Services,
  endpoint: Endpoint,
  fields: Record<string, string>,
  patience: number = providerPatience,
): Promise<Outcome> {
  const answered = await post(services, endpoint, fields, patience);
  return "kind" in answered ? answered : readTokenAnswer(answered.status, answered.text);
}

/** Takes a token back. Null when it is no more, otherwise what is the matter. */
export async function askToRevoke(
  services: Services,
  endpoint: Endpoint,
  token: string,
  kind: "access_token" | "refresh_token",
  patience: number = providerPatience,
): Promise<string | null> {
  const fields = { token, token_type_hint: kind };
  const answered = await post(services, endpoint, fields, patience);
  return "kind" in answered
    ? answered.trouble
    : readRevocationAnswer(answered.status, answered.text);
}

/**
 * Checks a URL that a browser will be sent to, as far as it says itself.
 *
 * @throws OutboundRefused
 */
export function checkAuthorizeUrl({ environment }: Services, url: string): void {
  if (!environment.allowPrivateProviders) checkPublicUrl(url);
}
