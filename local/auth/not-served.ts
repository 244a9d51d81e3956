/**
 * What the platform's Auth offers and this stack does not: each is answered as by a project in which it is switched off, so that a client
 * hears which setting it would be, and nothing hangs or comes as HTML.
 */
import { AuthError } from "./errors.ts";

/** By method and path below /auth/v1; the first that fits. */
const refusals: [RegExp, number, string, string][] = [
  [
    /^GET \/authorize$/,
    400,
    "validation_failed",
    "Unsupported provider: provider is not enabled",
  ],
  [/^(GET|POST) \/callback$/, 400, "bad_oauth_callback", "OAuth callback without a provider"],
  [
    /^(GET|DELETE) \/user\/identities\//,
    404,
    "manual_linking_disabled",
    "Manual linking is disabled",
  ],
  [/^POST \/sso$/, 404, "saml_provider_disabled", "SAML 2.0 is disabled"],
  [/^\w+ \/(sso|saml)\//, 404, "saml_provider_disabled", "SAML 2.0 is disabled"],
  [/^POST \/factors$/, 422, "mfa_totp_enroll_not_enabled", "MFA enroll is disabled for TOTP"],
  [/^\w+ \/factors\//, 422, "mfa_totp_verify_not_enabled", "MFA verification is disabled for TOTP"],
  [/^\w+ \/passkeys(\/|$)/, 404, "passkey_disabled", "Passkeys are disabled"],
  [/^\w+ \/(admin\/)?oauth\//, 404, "feature_disabled", "The OAuth 2.1 server is disabled"],
  [/^\w+ \/admin\/sso\//, 404, "saml_provider_disabled", "SAML 2.0 is disabled"],
  [/^\w+ \/admin\/custom-providers/, 404, "feature_disabled", "Custom providers are disabled"],
];

/** The refusal of a route that is not served; 404 for one that no Auth has. */
export function refuse(method: string, path: string): AuthError {
  for (const [pattern, status, code, message] of refusals) {
    if (pattern.test(`${method} ${path}`)) return new AuthError(status, code, message);
  }
  return new AuthError(404, "not_found", `Auth has no ${method} ${path}`);
}

/** What a project says of itself without being asked who asks. */
export function describeSettings(confirmEmails: boolean, isOpen: boolean, hasGuests: boolean) {
  return {
    external: { anonymous_users: hasGuests, email: true, phone: false },
    disable_signup: !isOpen,
    mailer_autoconfirm: !confirmEmails,
    phone_autoconfirm: false,
    sms_provider: "",
    saml_enabled: false,
    passkeys_enabled: false,
  };
}
