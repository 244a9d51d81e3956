/** What Hono hands to every handler. The types come from the rooms below; services.ts makes them. */
import type { Authenticator } from "../access/authentication.ts";
import type { Limits } from "../access/limits.ts";
import type { Memberships } from "../access/memberships.ts";
import type { Places } from "../access/places.ts";
import type { Permissions } from "../access/permissions.ts";
import type { Standings } from "../access/standings.ts";
import type { TrustedIssuers } from "../access/trusted-issuers.ts";
import type { Database } from "../database.ts";
import type { Embedder } from "../embedding/embedder.ts";
import type { Environment } from "../environment.ts";
import type { Lifetime } from "../lifetime.ts";
import type { Metrics } from "../metrics.ts";
import type { Replicas } from "../replicas/replicas.ts";
import type { FailoverScratchpad } from "../scratchpad/failover.ts";
import type { Tracer } from "../traces/tracer.ts";
import type { RateLimiter } from "./rate-limit.ts";

/** The services of one isolate. */
export interface Services {
  readonly environment: Environment;
  readonly lifetime: Lifetime;
  readonly authenticator: Authenticator;
  readonly trustedIssuers: TrustedIssuers;
  readonly database: Database;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly scratchpad: FailoverScratchpad;
  readonly permissions: Permissions;
  readonly memberships: Memberships;
  readonly places: Places;
  readonly standings: Standings;
  readonly replicas: Replicas;
  readonly limits: Limits;
  readonly rateLimiter: RateLimiter;
  readonly embedder: Embedder;
}
