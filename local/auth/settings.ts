/** How Auth behaves: what supabase/config.toml says under [auth], as far as it is served here. */
import { parse } from "smol-toml";
import { z } from "zod";

const fromConfig = z.object({
  site_url: z.string().default("http://127.0.0.1:3000"),
  additional_redirect_urls: z.array(z.string()).default([]),
  jwt_expiry: z.number().default(3600),
  refresh_token_reuse_interval: z.number().default(10),
  enable_refresh_token_rotation: z.boolean().default(true),
  enable_signup: z.boolean().default(true),
  enable_anonymous_sign_ins: z.boolean().default(true),
  minimum_password_length: z.number().default(8),
  hook: z.object({
    custom_access_token: z.object({
      enabled: z.boolean().default(false),
      uri: z.string().default(""),
    }).prefault({}),
  }).prefault({}),
  rate_limit: z.object({
    token_verifications: z.number().default(30),
  }).prefault({}),
  email: z.object({
    double_confirm_changes: z.boolean().default(true),
    secure_password_change: z.boolean().default(true),
    max_frequency: z.string().regex(/^\d+s$/).default("1s"),
    otp_length: z.number().int().min(6).max(10).default(6),
    otp_expiry: z.number().default(3600),
  }).prefault({}),
});

/** Durations are in seconds. */
export type AuthSettings = z.infer<typeof fromConfig> & {
  /** Whether a sign-up waits for the mail's link. config.toml says so for projects elsewhere; here it is asked for. */
  confirmEmails: boolean;
};

/** Reads the settings of the project in `root`; without a config.toml they are the platform's. */
export async function readAuthSettings(
  root: string,
  confirmEmails: boolean,
): Promise<AuthSettings> {
  const text = await Deno.readTextFile(`${root}/supabase/config.toml`).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  return { ...fromConfig.parse(parse(text).auth ?? {}), confirmEmails };
}

/**
 * Where a link may lead: to the site, to this machine, or to an address that the settings name. Otherwise to the site.
 */
export function chooseRedirect(
  settings: Pick<AuthSettings, "site_url" | "additional_redirect_urls">,
  wanted: string | undefined | null,
): string {
  const { site_url, additional_redirect_urls } = settings;
  if (!wanted || !URL.canParse(wanted)) return site_url;
  const url = new URL(wanted);
  if (url.username || url.password) return site_url;
  const site = new URL(site_url);
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  const isHere = isWeb && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.origin === site.origin && isWeb || isHere) return wanted;
  const plain = wanted.split("#")[0] ?? "";
  return additional_redirect_urls.some((glob) => matches(glob, plain)) ? wanted : site_url;
}

/** `*` stands for anything without a dot and a slash, `**` for anything, `?` for one character. */
function matches(glob: string, text: string): boolean {
  const pattern = glob.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll(/\*\*|\*|\?/g, (sign) => sign === "**" ? ".*" : sign === "*" ? "[^./]*" : "[^./]");
  return new RegExp(`^${pattern}$`).test(text);
}
