/**
 * What the platform's Auth offers and this stack does not: each is answered as by a project in which it is switched
 * off, so that a client hears which setting it would be, and nothing hangs or comes as HTML.
 */
import { AuthError, invalid } from "./errors.ts";

/**
 * By method and path below /auth/v1; the first that fits. Source: github.com/supabase/auth, internal/api (August 2026).
 */
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
  // Nobody has a factor, so none is found.
  [/^\w+ (\/admin\/users\/[^/]+)?\/factors\//, 404, "mfa_factor_not_found", "Factor not found"],
  [
    /^\w+ (\/admin\/users\/[^/]+)?\/passkeys(\/|$)/,
    404,
    "passkey_disabled",
    "Passkeys are disabled",
  ],
  [/^\w+ (\/admin|\/user)?\/oauth\//, 404, "feature_disabled", "OAuth server is disabled"],
  [/^\w+ \/admin\/sso\//, 404, "saml_provider_disabled", "SAML 2.0 is disabled"],
  [
    /^\w+ \/admin\/custom-providers/,
    404,
    "feature_disabled",
    "Custom OAuth providers are disabled",
  ],
];

const factors: Record<string, [string, string]> = {
  phone: ["mfa_phone_enroll_not_enabled", "MFA enroll is disabled for Phone"],
  totp: ["mfa_totp_enroll_not_enabled", "MFA enroll is disabled for TOTP"],
  webauthn: ["mfa_webauthn_enroll_not_enabled", "MFA enroll is disabled for WebAuthn"],
};

/** Nobody gets a second factor; which kind was asked for, the code says. */
export function refuseFactor(type: unknown): AuthError {
  const known = factors[String(type)];
  return known
    ? new AuthError(422, ...known)
    : invalid("factor_type needs to be totp, phone, or webauthn");
}

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
