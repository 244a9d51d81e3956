/** Who asks Storage, and how the database decides for them. */
import type postgres from "postgres";
import type { Keys } from "../keys.ts";
import type { Claims, Tokens } from "../tokens.ts";
import { fromDatabase, StorageError, unauthorized } from "./errors.ts";

/** Whoever asks. */
export interface Caller {
  role: string;
  claims: Claims;
}

/** The caller of a request, by its bearer token or key. A request without either is no one's. */
export async function readCaller(
  headers: Headers,
  query: URLSearchParams,
  keys: Keys,
  tokens: Tokens,
): Promise<Caller> {
  const apikey = headers.get("apikey") ?? query.get("apikey");
  const bearer = /^bearer\s+(.*)$/i.exec(headers.get("authorization") ?? "")?.[1];
  const token = bearer ?? apikey;
  if (!token) {
    throw new StorageError(
      400,
      "InvalidRequest",
      "headers must have required property 'authorization'",
      "Error",
    );
  }
  if (token === keys.secretKey) return { role: "service_role", claims: { role: "service_role" } };
  // The key says for whom; the token, if it is another one, says as whom.
  if (token === keys.publishableKey) {
    if (apikey === keys.secretKey) {
      return { role: "service_role", claims: { role: "service_role" } };
    }
    return { role: "anon", claims: { role: "anon" } };
  }
  try {
    const claims = await tokens.verify(token);
    return { role: String(claims.role), claims };
  } catch (error) {
    throw unauthorized(error instanceof Error ? error.message : "invalid token");
  }
}

/** Runs statements as the caller, so that policies decide, under the name that `storage.operation()` has for it. */
export async function asCaller<T>(
  sql: postgres.Sql,
  { role, claims }: Caller,
  operation: string,
  work: (transaction: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  try {
    const result = await sql.begin(async (transaction) => {
      await transaction`select
        set_config('role', ${role}, true),
        set_config('request.jwt.claims', ${JSON.stringify(claims)}, true),
        set_config('request.jwt.claim.sub', ${claims.sub ?? ""}, true),
        set_config('request.jwt.claim.role', ${role}, true),
        set_config('storage.operation', ${`storage.${operation}`}, true),
        set_config('storage.allow_delete_query', 'true', true)`;
      return await work(transaction);
    });
    return result as T;
  } catch (error) {
    throw fromDatabase(error);
  }
}

/** Storage itself: what was decided already. */
export const storageItself: Caller = { role: "service_role", claims: { role: "service_role" } };
