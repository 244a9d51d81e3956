/** What an isolate makes once and every request shares. */
import { type Authenticator, createAuthenticator } from "./access/authentication.ts";
import { createDatabase, type Database } from "./database.ts";
import { createEmbedder, type Embedder } from "./embedding/embedder.ts";
import { type Environment, parseEnvironment } from "./environment.ts";
import { createFastMemory, type FastMemory } from "./scratchpad/failover.ts";
import { createMemberships, type Memberships } from "./access/memberships.ts";
import { createPermissions, type Permissions } from "./access/permissions.ts";
import { createRateLimiter, type RateLimiter } from "./http/rate-limit.ts";

/** The services of one isolate; Hono hands them to handlers as bindings. */
export interface Services {
  readonly environment: Environment;
  readonly authenticator: Authenticator;
  readonly database: Database;
  readonly memory: FastMemory;
  readonly permissions: Permissions;
  readonly memberships: Memberships;
  readonly rateLimiter: RateLimiter;
  readonly embedder: Embedder;
}

/** Makes the services of an isolate. Nothing is connected until it is needed. */
export function createServices(environment: Environment): Services {
  const database = createDatabase(environment);
  const memory = createFastMemory(environment, database);
  return {
    environment,
    authenticator: createAuthenticator(environment),
    database,
    memory,
    permissions: createPermissions(database, memory),
    memberships: createMemberships(database),
    rateLimiter: createRateLimiter(environment.rateLimits, memory),
    embedder: createEmbedder(environment),
  };
}

/** Ends what the services hold open. For tests: an isolate of the platform just ends. */
export async function closeServices(services: Services): Promise<void> {
  services.memory.stop();
  await services.database.close();
}

let made: Services | undefined;

/** This isolate's services, made from the environment on the first request. */
export function services(): Services {
  return made ??= createServices(parseEnvironment());
}
