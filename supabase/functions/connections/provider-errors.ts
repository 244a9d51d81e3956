/** What clients are told when a provider does not do what was asked. */
import { ApiError } from "../_shared/errors.ts";

/** 503: the provider is away or does not answer as it must; it passes. */
export function providerUnavailable(trouble: string, seconds = 30): ApiError {
  return new ApiError(503, "provider_unavailable", "The provider does not answer at present.", {
    hint: trouble,
    headers: { "retry-after": String(seconds) },
  });
}

/** 502: the provider refuses us, which only the operator can mend. */
export function providerRefused(trouble: string): ApiError {
  return new ApiError(502, "provider_refused", "The provider refused the request.", {
    hint: trouble,
  });
}

/** 409: the person took it back, or the provider did. */
export function connectionRevoked(): ApiError {
  return new ApiError(409, "connection_revoked", "The provider says that this was taken back.", {
    hint: "The person must connect the account again.",
  });
}

/** 409: it has ended, and there is nothing to renew it by. */
export function connectionExpired(): ApiError {
  return new ApiError(409, "connection_expired", "This connection has ended.", {
    hint: "The person must connect the account again.",
  });
}
