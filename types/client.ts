import {
  createClient,
  type SupabaseClient,
  type SupabaseClientOptions,
} from "@supabase/supabase-js";
import type { Database } from "./database.types.ts";

/** A supabase-js client that knows Groundwork's tables, views and functions. */
export type GroundworkClient = SupabaseClient<Database>;

type Schema = Database["public"];

/** A row as it is read from a table or view. */
export type Row<Name extends keyof (Schema["Tables"] & Schema["Views"])> =
  (Schema["Tables"] & Schema["Views"])[Name]["Row"];

/** What an insert into a table takes: columns with a default may be left out. */
export type Insert<Name extends keyof Schema["Tables"]> = Schema["Tables"][Name]["Insert"];

/** What an update of a table takes: every column may be left out. */
export type Update<Name extends keyof Schema["Tables"]> = Schema["Tables"][Name]["Update"];

/** The arguments of a function that is called with `rpc`. */
export type Arguments<Name extends keyof Schema["Functions"]> = Schema["Functions"][Name]["Args"];

/** What a function that is called with `rpc` returns. */
export type Returns<Name extends keyof Schema["Functions"]> = Schema["Functions"][Name]["Returns"];

/**
 * Makes a typed client: a table, column or argument that does not exist is a compile error.
 *
 * @param url the project's API, as `npm start` prints it
 * @param key the publishable key; the secret key only where no person can read it
 * @param options those of supabase-js
 * @example
 * ```ts
 * const groundwork = createGroundworkClient("http://127.0.0.1:54321", publishableKey);
 * const { data } = await groundwork.from("agents").select("slug, name").eq("status", "published");
 * ```
 */
export function createGroundworkClient(
  url: string,
  key: string,
  options?: SupabaseClientOptions<"public">,
): GroundworkClient {
  return createClient<Database>(url, key, options);
}
