/** A backup that nobody has restored is none: the newest state is restored beside, and all of it is read. */
import postgres from "postgres";
import { temporaryName } from "../leftovers.ts";
import type { Backups } from "./backups.ts";
import { hashTables } from "./table-hashes.ts";

/**
 * Compares the repository's checksums, restores, reads every table, verifies every audit log, and removes what it made.
 *
 * @throws Error when any of it fails
 */
export async function checkByRestoring(
  backups: Backups,
): Promise<{ tables: number; seconds: number }> {
  const begun = Date.now();
  await backups.verify();
  const server = await backups.restore({ name: temporaryName() });
  const sql = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
  try {
    const tables = Object.keys(await hashTables(sql)).length;
    const broken = await sql<{ id: string }[]>`
      select w.id from public.workspaces as w cross join lateral public.verify_audit_log(w.id) as log
      where not log.is_valid`;
    if (broken.length > 0) {
      throw new Error(`audit logs do not verify: ${broken.map(({ id }) => id).join(", ")}`);
    }
    return { tables, seconds: (Date.now() - begun) / 1000 };
  } finally {
    await sql.end();
    await server.remove();
  }
}
