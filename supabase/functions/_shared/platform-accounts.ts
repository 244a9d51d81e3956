/**
 * With whose account a workspace speaks to a platform: a publisher, a posting service, the telephone.
 *
 * Keys are given by workspace. A single key is for an installation of one workspace: where there are
 * more, whoever signs up could publish and call in the name of whoever owns the account.
 */
import type { Database } from "./database.ts";
import type { PlatformAccounts } from "./environment.ts";

/** The key that a workspace uses; null when it has none. */
export type KeyOf = (workspace: string) => string | null;

/** Said of a workspace that has no key. */
export const noAccount =
  "the workspace has no account of the platform (one key is for one workspace; give keys by workspace " +
  "where there are more)";

/** Reads once who uses which key. */
export async function readKeys(database: Database, { keys }: PlatformAccounts): Promise<KeyOf> {
  if (typeof keys !== "string") return (workspace) => keys[workspace] ?? null;
  const [row] = await database.run((sql) =>
    sql<{ only: string | null }[]>`select private.only_workspace() as only`
  );
  return (workspace) => workspace === row?.only ? keys : null;
}
