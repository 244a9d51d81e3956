/**
 * The environment, read once and checked at the door.
 *
 * The platform injects everything that begins with `SUPABASE_`; the rest are secrets of our own
 * and optional: without them the functions use the direct connection and the Postgres scratchpad.
 */
import { z } from "zod";

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "is not valid JSON" });
    return z.NEVER;
  }
});

const namedKeys = json.pipe(
  z.record(z.string(), z.string().min(1)).refine((keys) => "default" in keys, {
    error: 'has no key named "default"',
  }),
);

const keySet = json.pipe(
  z.union([
    z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }),
    z.array(z.looseObject({ kty: z.string() })).transform((keys) => ({ keys })),
  ], { error: 'is not a key set, {"keys": […]}' }),
);

/** Rate limits per route class, in requests per person and minute. */
export const rateLimitDefaults = {
  check: 6000,
  read: 600,
  fresh: 300,
  write: 120,
  heartbeat: 240,
} as const;

/** A class of routes that share one allowance. */
export type RateLimitClass = keyof typeof rateLimitDefaults;

const perMinute = z.int().min(1).max(1_000_000_000);
const rateLimits = json.pipe(z.strictObject({
  check: perMinute.default(rateLimitDefaults.check),
  read: perMinute.default(rateLimitDefaults.read),
  fresh: perMinute.default(rateLimitDefaults.fresh),
  write: perMinute.default(rateLimitDefaults.write),
  heartbeat: perMinute.default(rateLimitDefaults.heartbeat),
}));

const schema = z.object({
  SUPABASE_URL: z.url(),
  SUPABASE_DB_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  SUPABASE_PUBLISHABLE_KEYS: namedKeys,
  SUPABASE_SECRET_KEYS: namedKeys,
  SUPABASE_JWKS: keySet,
  GROUNDWORK_DB_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  GROUNDWORK_DB_POOL: z.coerce.number().int().min(1).max(100).default(8),
  GROUNDWORK_CLUSTER_GATEWAY: z.url({ protocol: /^https?$/ }).optional(),
  GROUNDWORK_RATE_LIMITS: rateLimits.default({ ...rateLimitDefaults }),
  GROUNDWORK_EMBEDDER: z.enum(["platform", "endpoint", "local"]).optional(),
  GROUNDWORK_EMBEDDER_URL: z.url({ protocol: /^https?$/ }).optional(),
  GROUNDWORK_EMBEDDER_KEY: z.string().optional(),
  GROUNDWORK_EMBEDDER_MODEL: z.string().max(200).default("text-embedding-3-small"),
  UPSTASH_REDIS_REST_URL: z.url({ protocol: /^https?$/ }).optional(),
  UPSTASH_REDIS_REST_TOKEN: z.string().optional(),
}).refine(
  (values) => !values.UPSTASH_REDIS_REST_URL === !values.UPSTASH_REDIS_REST_TOKEN,
  { path: ["UPSTASH_REDIS_REST_TOKEN"], error: "and UPSTASH_REDIS_REST_URL are set together" },
);

/** What the functions know about the project they run in. */
export interface Environment {
  readonly url: string;
  /** The pooler's URL where one is given, otherwise the direct connection. */
  readonly databaseUrl: string;
  /** True when `databaseUrl` is a transaction pooler, which takes no startup parameters. */
  readonly pooled: boolean;
  /** Connections that one isolate may hold. */
  readonly poolSize: number;
  readonly publishableKeys: Record<string, string>;
  readonly secretKeys: Record<string, string>;
  readonly keySet: { keys: { kty: string; [member: string]: unknown }[] };
  readonly redis: { url: string; token: string } | null;
  /** The ingress through which agents inside the cluster are reached. */
  readonly clusterGateway: string | null;
  readonly rateLimits: Record<RateLimitClass, number>;
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
  return {
    url: values.SUPABASE_URL,
    databaseUrl: values.GROUNDWORK_DB_URL ?? values.SUPABASE_DB_URL,
    pooled: values.GROUNDWORK_DB_URL !== undefined,
    poolSize: values.GROUNDWORK_DB_POOL,
    publishableKeys: values.SUPABASE_PUBLISHABLE_KEYS,
    secretKeys: values.SUPABASE_SECRET_KEYS,
    keySet: values.SUPABASE_JWKS,
    redis: values.UPSTASH_REDIS_REST_URL && values.UPSTASH_REDIS_REST_TOKEN
      ? { url: values.UPSTASH_REDIS_REST_URL, token: values.UPSTASH_REDIS_REST_TOKEN }
      : null,
    clusterGateway: values.GROUNDWORK_CLUSTER_GATEWAY ?? null,
    rateLimits: values.GROUNDWORK_RATE_LIMITS,
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
