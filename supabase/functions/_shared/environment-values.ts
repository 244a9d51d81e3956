/** How the text of a variable of the environment is read, where it is more than a word or a number. */
import { z } from "zod";
import { readTlsMode } from "./database-socket.ts";

/** JSON, of any kind. */
export const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "is not valid JSON" });
    return z.NEVER;
  }
});

export const namedKeys = json.pipe(
  z.record(z.string(), z.string().min(1)).refine((keys) => "default" in keys, {
    error: 'has no key named "default"',
  }),
);

export const keySet = json.pipe(
  z.union([
    z.object({ keys: z.array(z.looseObject({ kty: z.string() })) }),
    z.array(z.looseObject({ kty: z.string() })).transform((keys) => ({ keys })),
  ], { error: 'is not a key set, {"keys": […]}' }),
);

/**
 * A private key of the project's own key set, as `supabase gen signing-key` prints it, alone or in the
 * list of `signing_keys.json`. What it says of its use goes: a key that also verifies does not sign.
 */
export const signingKey = json.pipe(
  z.union([z.tuple([z.unknown()]).transform(([key]) => key), z.unknown()]).pipe(
    z.object({
      kty: z.literal("EC"),
      crv: z.literal("P-256"),
      kid: z.string().min(1),
      d: z.string().min(1),
      x: z.string().min(1),
      y: z.string().min(1),
    }, { error: "is not a private ES256 key as JSON" }),
  ),
);

export const origins = z.string().transform((text, context): string[] =>
  text.split(",").map((part) => part.trim()).filter((part) => part !== "").flatMap((part) => {
    const url = URL.canParse(part) ? new URL(part) : null;
    const isOrigin = url && /^https?:$/.test(url.protocol) &&
      part.replace(/\/$/, "") === url.origin;
    if (isOrigin) return [url.origin];
    context.addIssue({ code: "custom", message: "is not a list of origins, https://a.example,…" });
    return [];
  })
);
/** An authorization server whose tokens are believed. */
const trustedIssuer = z.strictObject({
  issuer: z.url({ protocol: /^https?$/ }).max(500),
  audience: z.string().min(1).max(500).optional(),
  jwks_uri: z.url({ protocol: /^https?$/ }).max(500).optional(),
  identity_client: z.string().min(1).max(300).optional(),
});
export const trustedIssuers = json.pipe(
  z.array(
    z.union([z.string().transform((issuer) => ({ issuer })).pipe(trustedIssuer), trustedIssuer]),
  )
    .max(20).refine(
      (issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length,
      { error: "names an issuer twice" },
    ),
);
/** A key as it is, or a JSON object of keys by workspace. */
export const platformKeys = z.string().transform((text, context) => {
  if (!text.trimStart().startsWith("{")) return text;
  const parsed = json.pipe(z.record(z.string(), z.string().min(1))).safeParse(text);
  if (parsed.success) return parsed.data;
  context.addIssue({ code: "custom", message: "is neither a key nor keys by workspace" });
  return z.NEVER;
});

export const databaseUrl = z.url({ protocol: /^postgres(ql)?$/ }).refine(
  (url) => !URL.canParse(url) || readTlsMode(url) !== undefined, // what is no URL is told already
  { error: "has an sslmode that there is not" },
);

/** Replicas, separated by commas: an isolate connects to each. */
export const replicaUrls = z.string().transform((text) =>
  text.split(",").map((part) => part.trim()).filter((part) => part !== "")
).pipe(z.array(databaseUrl).max(8, { error: "names more than 8 replicas" }));

/** PEM, also with its line ends written as `\\n`, as variables of one line have them. */
export const certificates = z.string().transform((text) => text.replaceAll("\\n", "\n")).pipe(
  z.string().regex(/-----BEGIN CERTIFICATE-----[^]+-----END CERTIFICATE-----/, {
    error: "is not a certificate in PEM",
  }),
);

/** `name=value,name=value`, the values encoded as in URLs (OpenTelemetry's own form). */
export const otlpHeaders = z.string().transform((text, context): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const pair of text.split(",").filter((part) => part.trim() !== "")) {
    const [, name = "", value = ""] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*([^\s]*)\s*$/.exec(pair) ??
      [];
    try {
      if (name === "") throw new URIError(pair);
      headers[name.toLowerCase()] = decodeURIComponent(value);
    } catch {
      context.addIssue({ code: "custom", message: "is not a list of headers, name=value,…" });
      return z.NEVER;
    }
  }
  return headers;
});
