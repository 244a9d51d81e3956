/** What an isolate makes once and every request shares. */
import { createAuthenticator } from "./access/authentication.ts";
import { createLimits } from "./access/limits.ts";
import { createMemberships } from "./access/memberships.ts";
import { createPlaces } from "./access/places.ts";
import { createPermissions } from "./access/permissions.ts";
import { createStandings } from "./access/standings.ts";
import { createTrustedIssuers } from "./access/trusted-issuers.ts";
import { createDatabase } from "./database.ts";
import { createEmbedder } from "./embedding/embedder.ts";
import { type Environment, parseEnvironment } from "./environment.ts";
import type { Services } from "./http/bindings.ts";
import { born, createLifetime } from "./lifetime.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { createRateLimiter } from "./http/rate-limit.ts";
import { createReplica } from "./replicas/replica.ts";
import { createReplicas, markPrimary } from "./replicas/replicas.ts";
import { createExporter } from "./traces/exporter.ts";
import { kinds } from "./traces/span.ts";
import { createTracer, passingTracer, type Tracer } from "./traces/tracer.ts";
import { createFailoverScratchpad } from "./scratchpad/failover.ts";

export type { Services };

function makeTracer({ traces }: Environment, metrics: Metrics): Tracer {
  if (!traces) return passingTracer;
  const { url, headers, serviceName, ratio } = traces;
  const resource = { "service.name": serviceName, "telemetry.sdk.language": "webjs" };
  return createTracer(createExporter({ url, headers, resource }, metrics), ratio, kinds.server);
}

/** Makes the services of an isolate, which begins to live now. Nothing is connected until it is needed. */
export function createServices(environment: Environment, birth: number = Date.now()): Services {
  const database = createDatabase(environment);
  const scratchpad = createFailoverScratchpad(environment, database);
  const permissions = createPermissions(database, scratchpad);
  const memberships = createMemberships(database);
  const replicas = createReplicas(
    database,
    environment.replicas.map(({ url, databaseTls }) =>
      createReplica(
        { databaseUrl: url, databaseTls, poolSize: environment.poolSize },
        () => markPrimary(database),
      )
    ),
  );
  /** What is counted where it happens, so that the warm check has nothing to call. */
  const countedElsewhere = () => ({
    ...Object.fromEntries(
      Object.entries(permissions.answered).map((
        [source, n],
      ) => [`groundwork_permission_answers_total{source="${source}"}`, n]),
    ),
    groundwork_breaker_openings_total: scratchpad.openings,
    groundwork_database_refused_total: database.figures().refused,
    ...(replicas.areThere
      ? {
        'groundwork_replica_reads_total{answered_by="replica"}': replicas.counts.replica,
        'groundwork_replica_reads_total{answered_by="primary"}': replicas.counts.primary,
        groundwork_replica_openings_total: replicas.counts.openings,
      }
      : {}),
  });
  const metrics = createMetrics(database, countedElsewhere);
  return {
    environment,
    lifetime: createLifetime(environment.wallClock, birth),
    authenticator: createAuthenticator(environment),
    trustedIssuers: createTrustedIssuers(environment),
    database,
    metrics,
    tracer: makeTracer(environment, metrics),
    scratchpad,
    permissions,
    memberships,
    places: createPlaces(database),
    standings: createStandings(database, memberships),
    replicas,
    limits: createLimits(database, scratchpad),
    rateLimiter: createRateLimiter(environment.rateLimits, scratchpad),
    embedder: createEmbedder(environment),
  };
}

/** Ends what the services hold open. For tests: an isolate of the platform just ends. */
export async function closeServices(services: Services): Promise<void> {
  services.scratchpad.stop();
  services.tracer.stop();
  services.metrics.stop();
  await services.replicas.close();
  await services.database.close();
}

let made: Services | undefined;

/** This isolate's services, made from the environment on the first request. */
export function services(): Services {
  return made ??= createServices(parseEnvironment(), born);
}

// What was counted and recorded in the last seconds of an isolate is told while it is still there.
globalThis.addEventListener("beforeunload", () => {
  made?.tracer.flush();
  made?.metrics.flush();
});
