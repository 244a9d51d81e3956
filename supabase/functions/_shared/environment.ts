/**
 * The environment, read once and checked at the door.
 *
 * The platform injects everything that begins with `SUPABASE_`; the rest are secrets of our own
 * and optional: without them the functions use the direct connection and the Postgres scratchpad.
 */
import { z } from "zod";
import { readTlsMode, type TlsMode } from "./database-socket.ts";
import {
  certificates,
  databaseUrl,
  keySet,
  namedKeys,
  origins,
  otlpHeaders,
  platformKeys,
  replicaUrls,
  signingKey,
  trustedIssuers,
} from "./environment-values.ts";
import { type RateLimitClass, rateLimitDefaults, rateLimits } from "./rate-limits.ts";

/**
 * Connections that an isolate may hold. The platform's smallest project has 60: one isolate of each of
 * two dozen functions takes 48, which leaves 12 to its services; a pooler takes 200 clients.
 */
export const poolSizes = { direct: 2, pooled: 8 } as const;

const schema = z.object({
  SUPABASE_URL: z.url(),
  SUPABASE_DB_URL: databaseUrl,
  SUPABASE_PUBLISHABLE_KEYS: namedKeys,
  SUPABASE_SECRET_KEYS: namedKeys,
  SUPABASE_JWKS: keySet,
  GROUNDWORK_DB_URL: databaseUrl.optional(),
  GROUNDWORK_DB_SSLMODE: z.enum(["disable", "prefer", "require"]).default("prefer"),
  GROUNDWORK_DB_CA: certificates.optional(),
  GROUNDWORK_REPLICA_URLS: replicaUrls.default([]),
  GROUNDWORK_DB_POOL: z.coerce.number().int().min(1).max(100).optional(),
  // Of the free plan: where an isolate lives longer, what is open is handed over sooner than it must be, and nothing
  // else.
  GROUNDWORK_WALL_CLOCK: z.coerce.number().min(1).max(86_400).default(150),
  GROUNDWORK_CLUSTER_GATEWAY: z.url({ protocol: /^https?$/ }).optional(),
  GROUNDWORK_RATE_LIMITS: rateLimits.default({ ...rateLimitDefaults }),
  GROUNDWORK_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  GROUNDWORK_RETURN_ORIGINS: origins.default([]),
  GROUNDWORK_ALLOW_PRIVATE_PROVIDERS: z.enum(["true", "false"]).default("false"),
  GROUNDWORK_DEVTO_URL: z.url({ protocol: /^https?$/ }).default("https://dev.to"),
  GROUNDWORK_DEVTO_KEY: platformKeys.optional(),
  GROUNDWORK_SOCIAL_URL: z.url({ protocol: /^https?$/ }).optional(),
  GROUNDWORK_SOCIAL_KEY: platformKeys.optional(),
  GROUNDWORK_VOICE_URL: z.url({ protocol: /^https?$/ }).default("https://api.vapi.ai"),
  GROUNDWORK_VOICE_KEY: platformKeys.optional(),
  GROUNDWORK_VOICE_WEBHOOK_SECRET: z.string().min(16, {
    error: "has fewer than 16 characters",
  }).optional(),
  GROUNDWORK_EMBEDDER: z.enum(["platform", "endpoint", "local"]).optional(),
  GROUNDWORK_EMBEDDER_URL: z.url({ protocol: /^https?$/ }).optional(),
  GROUNDWORK_EMBEDDER_KEY: z.string().optional(),
  GROUNDWORK_EMBEDDER_MODEL: z.string().max(200).default("text-embedding-3-small"),
  GROUNDWORK_SIGNING_KEY: signingKey.optional(),
  GROUNDWORK_METRICS_TOKEN: z.string().regex(/^\S{16,}$/, {
    error: "has fewer than 16 characters, or spaces",
  }).optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders.default({}),
  OTEL_SERVICE_NAME: z.string().min(1).max(200).default("groundwork"),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  GROUNDWORK_LOG_REQUESTS: z.enum(["all", "usual", "failed"]).default("usual"),
  GROUNDWORK_TRUSTED_ISSUERS: trustedIssuers.default([]),
  UPSTASH_REDIS_REST_URL: z.url({ protocol: /^https?$/ }).optional(),
  UPSTASH_REDIS_REST_TOKEN: z.string().optional(),
  // Waiting longer is slower than Postgres, where Redis is as near as that.
  GROUNDWORK_REDIS_PATIENCE: z.coerce.number().int().min(10).max(10_000).default(250),
}).refine(
  (values) => !values.UPSTASH_REDIS_REST_URL === !values.UPSTASH_REDIS_REST_TOKEN,
  { path: ["UPSTASH_REDIS_REST_TOKEN"], error: "and UPSTASH_REDIS_REST_URL are set together" },
).refine(
  (values) => !values.GROUNDWORK_SOCIAL_URL === !values.GROUNDWORK_SOCIAL_KEY,
  { path: ["GROUNDWORK_SOCIAL_KEY"], error: "and GROUNDWORK_SOCIAL_URL are set together" },
);

/** A platform that content is published on: its API and our keys to it. */
export interface PlatformAccounts {
  readonly url: string;
  /** The one key of a project that is one company's, or each workspace's own. */
  readonly keys: string | Readonly<Record<string, string>>;
}

/** An authorization server of others whose tokens are believed. */
export interface TrustedIssuer {
  /** As its tokens call it. */
  readonly issuer: string;
  /** Whom its tokens must be for: this project's MCP server, unless it is called otherwise there. */
  readonly audience: string;
  /** Where its keys are; null: it says so itself. */
  readonly jwksUri: string | null;
  /** The client there whose tokens prove who a person is; null: people link no identities of this issuer themselves. */
  readonly identityClient: string | null;
}

/** What the functions know about the project they run in. */
export interface Environment {
  readonly url: string;
  /** The pooler's URL where one is given, otherwise the direct connection. */
  readonly databaseUrl: string;
  /** True when `databaseUrl` is a transaction pooler, which takes no startup parameters. */
  readonly pooled: boolean;
  /** Whether the connection is encrypted, and who may have signed the server's certificate. */
  readonly databaseTls: { readonly tls: TlsMode; readonly caCerts: string[] };
  /** Connections that one isolate may hold, to each server. */
  readonly poolSize: number;
  /** Replicas that lists, searches and exports are read from. */
  readonly replicas: readonly {
    readonly url: string;
    readonly databaseTls: Environment["databaseTls"];
  }[];
  /** Seconds that the platform lets an isolate live. */
  readonly wallClock: number;
  readonly publishableKeys: Record<string, string>;
  readonly secretKeys: Record<string, string>;
  readonly keySet: { keys: { kty: string; [member: string]: unknown }[] };
  /** Signs the tokens of agents; null where agents get none. */
  readonly signingKey: z.output<typeof signingKey> | null;
  readonly trustedIssuers: readonly TrustedIssuer[];
  readonly redis: { url: string; token: string } | null;
  /** Milliseconds after which Redis counts as not answering. */
  readonly redisPatience: number;
  /** The ingress through which agents inside the cluster are reached. */
  readonly clusterGateway: string | null;
  readonly rateLimits: Record<RateLimitClass, number>;
  /** The project's URL as browsers and providers reach it. */
  readonly publicUrl: string;
  /** Where a browser may be sent back to after an account was connected. */
  readonly returnOrigins: readonly string[];
  /** Whether providers of accounts may be at private addresses. Dangerous; for tests. */
  readonly allowPrivateProviders: boolean;
  /** Where articles are published; null without a key. */
  readonly devto: PlatformAccounts | null;
  /** Through which social content is posted; null without a key. */
  readonly social: PlatformAccounts | null;
  /** The voice provider that calls are made through, where its key is given. */
  readonly voice: PlatformAccounts | null;
  /** What the provider signs its reports with. */
  readonly voiceWebhookSecret: string | null;
  /** Where traces are sent to and how many; null: nowhere. */
  readonly traces: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly serviceName: string;
    /** Of the traces that begin here, 0 to 1. */
    readonly ratio: number;
  } | null;
  /** With what a scraper may read the metrics, besides the secret key. */
  readonly metricsToken: string | null;
  /** Which requests have a line in the log: all, all but quick permission checks, or those that failed on our side. */
  readonly loggedRequests: "all" | "usual" | "failed";
  /** What makes vectors of texts: the kind, where one is forced, and the endpoint, where there is one. */
  readonly embedder: {
    readonly kind: "platform" | "endpoint" | "local" | null;
    readonly endpoint: { url: string; key: string | null; model: string } | null;
  };
}

/**
 * Reads and checks the environment.
 *
 * @param read returns a variable's value; an empty string counts as absent
 * @throws Error whose message names every variable that is missing or wrong, never its value
 */
export function parseEnvironment(
  read: (name: string) => string | undefined = (name) => Deno.env.get(name),
): Environment {
  const given = Object.fromEntries(
    Object.keys(schema.shape).map((name) => [name, read(name) || undefined]),
  );
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      const rest = issue.path.slice(1).join(".");
      return given[name] === undefined && issue.code !== "custom"
        ? `${name} is not set`
        : `${name}${rest && `.${rest}`} ${issue.message}`;
    });
    throw new Error(`The functions' environment is incomplete: ${faults.join("; ")}`);
  }
  const values = parsed.data;
  const publicUrl = (values.GROUNDWORK_PUBLIC_URL ?? values.SUPABASE_URL).replace(/\/$/, "");
  const caCerts = values.GROUNDWORK_DB_CA ? [values.GROUNDWORK_DB_CA] : [];
  const tracesUrl = values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ??
    values.OTEL_EXPORTER_OTLP_ENDPOINT?.replace(/\/?$/, "/v1/traces");
  return {
    url: values.SUPABASE_URL,
    databaseUrl: values.GROUNDWORK_DB_URL ?? values.SUPABASE_DB_URL,
    pooled: values.GROUNDWORK_DB_URL !== undefined,
    databaseTls: {
      tls: readTlsMode(values.GROUNDWORK_DB_URL ?? values.SUPABASE_DB_URL) ??
        values.GROUNDWORK_DB_SSLMODE,
      caCerts,
    },
    replicas: values.GROUNDWORK_REPLICA_URLS.map((url) => ({
      url,
      databaseTls: { tls: readTlsMode(url) ?? values.GROUNDWORK_DB_SSLMODE, caCerts },
    })),
    poolSize: values.GROUNDWORK_DB_POOL ??
      (values.GROUNDWORK_DB_URL ? poolSizes.pooled : poolSizes.direct),
    wallClock: values.GROUNDWORK_WALL_CLOCK,
    publishableKeys: values.SUPABASE_PUBLISHABLE_KEYS,
    secretKeys: values.SUPABASE_SECRET_KEYS,
    keySet: values.SUPABASE_JWKS,
    signingKey: values.GROUNDWORK_SIGNING_KEY ?? null,
    trustedIssuers: values.GROUNDWORK_TRUSTED_ISSUERS.map((trusted) => ({
      issuer: trusted.issuer,
      audience: trusted.audience ?? `${publicUrl}/functions/v1/mcp`,
      jwksUri: trusted.jwks_uri ?? null,
      identityClient: trusted.identity_client ?? null,
    })),
    redis: values.UPSTASH_REDIS_REST_URL && values.UPSTASH_REDIS_REST_TOKEN
      ? { url: values.UPSTASH_REDIS_REST_URL, token: values.UPSTASH_REDIS_REST_TOKEN }
      : null,
    redisPatience: values.GROUNDWORK_REDIS_PATIENCE,
    clusterGateway: values.GROUNDWORK_CLUSTER_GATEWAY ?? null,
    rateLimits: values.GROUNDWORK_RATE_LIMITS,
    publicUrl,
    returnOrigins: values.GROUNDWORK_RETURN_ORIGINS,
    allowPrivateProviders: values.GROUNDWORK_ALLOW_PRIVATE_PROVIDERS === "true",
    devto: values.GROUNDWORK_DEVTO_KEY
      ? { url: values.GROUNDWORK_DEVTO_URL, keys: values.GROUNDWORK_DEVTO_KEY }
      : null,
    social: values.GROUNDWORK_SOCIAL_URL && values.GROUNDWORK_SOCIAL_KEY
      ? { url: values.GROUNDWORK_SOCIAL_URL, keys: values.GROUNDWORK_SOCIAL_KEY }
      : null,
    voice: values.GROUNDWORK_VOICE_KEY
      ? { url: values.GROUNDWORK_VOICE_URL, keys: values.GROUNDWORK_VOICE_KEY }
      : null,
    voiceWebhookSecret: values.GROUNDWORK_VOICE_WEBHOOK_SECRET ?? null,
    traces: tracesUrl === undefined ? null : {
      url: tracesUrl,
      headers: values.OTEL_EXPORTER_OTLP_HEADERS,
      serviceName: values.OTEL_SERVICE_NAME,
      ratio: values.OTEL_TRACES_SAMPLER_ARG,
    },
    metricsToken: values.GROUNDWORK_METRICS_TOKEN ?? null,
    loggedRequests: values.GROUNDWORK_LOG_REQUESTS,
    embedder: {
      kind: values.GROUNDWORK_EMBEDDER ?? null,
      endpoint: values.GROUNDWORK_EMBEDDER_URL
        ? {
          url: values.GROUNDWORK_EMBEDDER_URL,
          key: values.GROUNDWORK_EMBEDDER_KEY ?? null,
          model: values.GROUNDWORK_EMBEDDER_MODEL,
        }
        : null,
    },
  };
}
