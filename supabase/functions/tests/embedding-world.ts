/** Tests that embed by themselves. */
import type postgres from "postgres";
import { eventually } from "../_shared/asserts.ts";

/**
 * Pauses the job that calls the function `embed`, and waits for what it has begun: otherwise it takes what a test wants
 * to take.
 *
 * @returns lets it run again
 */
export async function pauseEmbedding(sql: postgres.Sql): Promise<() => Promise<void>> {
  const setActive = async (active: boolean) =>
    void await sql`update cron.job set active = ${active} where jobname = 'embed-pending'`;
  await setActive(false);
  await eventually("nobody else embeds", async () => {
    const held = await sql`select from public.embedding_jobs where status = 'in_progress' limit 1`;
    return held.length === 0;
  });
  return () => setActive(true);
}
