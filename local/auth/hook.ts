/**
 * The custom access token hook: a function of the database that Auth asks before each access token, and that may
 * say more than Auth does. Called as the platform calls it: as Auth's own role, within two seconds, in the same
 * transaction.
 */
import { AuthError } from "./errors.ts";
import type { AuthSettings } from "./settings.ts";
import type { Sql } from "./users.ts";

type Claims = Record<string, unknown>;

/** What a token needs whatever the hook says. Source: github.com/supabase/auth, internal/tokens (August 2026). */
const needed = [
  "aud",
  "exp",
  "iat",
  "sub",
  "email",
  "phone",
  "role",
  "aal",
  "session_id",
  "is_anonymous",
];

/** The function's schema and name in `pg-functions://postgres/<schema>/<name>`, null where no hook is set. */
function readHook({ hook }: AuthSettings): [schema: string, name: string] | null {
  const { enabled, uri } = hook.custom_access_token;
  if (!enabled) return null;
  const [, schema, name] = /^pg-functions:\/\/[^/]+\/([\w$-]+)\/([\w$-]+)$/.exec(uri) ?? [];
  if (!schema || !name) {
    throw new Error(`auth.hook.custom_access_token.uri is none that is served here: ${uri}`);
  }
  return [schema, name];
}

/**
 * The claims that a token is to have.
 *
 * @throws AuthError 500 `unexpected_failure` where the hook fails, or what it says is no token
 */
export async function askHook(
  sql: Sql,
  settings: AuthSettings,
  claims: Claims,
  method: string,
): Promise<Claims> {
  const hook = readHook(settings);
  if (hook === null) return claims;
  const event = {
    metadata: {
      uuid: crypto.randomUUID(),
      time: new Date().toISOString(),
      name: "customize-access-token",
      ip_address: "127.0.0.1",
    },
    user_id: claims.sub,
    claims,
    authentication_method: method,
  };
  await sql`set local statement_timeout = '2s'`;
  await sql`set local role supabase_auth_admin`;
  const [row] = await sql<{ said: { claims?: Claims } | null }[]>`
    select ${sql(hook.join("."))}(${sql.json(event as never)}) as said`;
  await sql`set local role none`;
  await sql`set local statement_timeout to default`;
  const said = row?.said?.claims;
  if (!said || needed.some((name) => said[name] === undefined)) {
    throw new AuthError(
      500,
      "unexpected_failure",
      "output claims do not conform to the expected schema",
    );
  }
  return said;
}
