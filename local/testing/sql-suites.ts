/**
 * The suites that this process runs itself, by SQL. One that says nothing for too long is given up, with the place
 * where it hangs.
 */
import { relative } from "node:path";
import { ensureRoot } from "../services/root.ts";
import { PROJECT } from "./deno-test.ts";
import { installPgTap, type PgTapTarget, runPgTapFile } from "./pgtap.ts";
import { addCounts, formatFile, type SuiteCounts } from "./report.ts";
import { type Checked, checkRollbacks, type SchemaReader } from "./rollbacks.ts";
import { dumpCatalogue, dumpWithPgDump } from "./schema-dump.ts";
import { GivenUp, giveUpOnSilence } from "./silence.ts";

type Say = (line: string) => void;

export async function runPgTapSuite(
  files: string[],
  target: PgTapTarget,
  say: Say,
): Promise<SuiteCounts> {
  await installPgTap(target);
  const counts: SuiteCounts = { passed: 0, failed: 0, skipped: 0, reasons: [] };
  for (const [index, file] of files.entries()) {
    const started = performance.now();
    const result = await giveUpOnSilence(
      ({ at }) => runPgTapFile(target, `${PROJECT}/${file}`, at),
    ).catch((error) => {
      if (!(error instanceof GivenUp)) throw error;
      return error;
    });
    const { passed, failures, skipped } = result instanceof GivenUp
      ? { passed: 0, failures: [result.message], skipped: [] }
      : result;
    const path = relative("supabase/tests", file);
    const failed = failures.length;
    const reasons = failures.map((failure) => `${path}: ${failure}`);
    addCounts(counts, { passed, failed, skipped: skipped.length, reasons });
    const seconds = (performance.now() - started) / 1000;
    say(formatFile({ path, passed, failed, seconds }, index + 1, files.length));
    for (const failure of failures) say(`  ${failure.replaceAll("\n", "\n     ")}`);
    for (const reason of skipped) say(`  skipped: ${reason}`);
    if (result instanceof GivenUp) {
      // It may hold locks, or the embedded database's one session: what comes after would only wait.
      say(`not run after it: ${files.length - index - 1} files`);
      break;
    }
  }
  return counts;
}

/** @param adminUrl of a real server, which pg_dump can read; null for the embedded database */
export async function runRollbackSuite(
  url: string,
  adminUrl: string | null,
  say: Say,
): Promise<SuiteCounts> {
  const root = adminUrl ? await ensureRoot(say) : null;
  const read: SchemaReader = {
    catalogue: dumpCatalogue,
    dump: adminUrl && root ? () => dumpWithPgDump(root, adminUrl) : null,
  };
  const checks: Checked[] = [];
  const tell = (checked: Checked, place: number, of: number) => {
    checks.push(checked);
    const { claim, problem } = checked;
    say(`${problem ? "FAILED" : "ok    "} [${place}/${of}] ${claim}`);
    if (problem) say(`  ${problem.replaceAll("\n", "\n     ")}`);
  };
  await giveUpOnSilence(({ at }) =>
    checkRollbacks(url, read, (checked, place, of) => {
      tell(checked, place, of);
      at(`what comes after "${checked.claim}"`);
    })
  ).catch((error) => {
    if (!(error instanceof GivenUp)) throw error;
    const place = checks.length + 1;
    tell({ claim: "the rollbacks come to an end", problem: error.message }, place, place);
  });
  const reasons = checks.filter(({ problem }) => problem !== "")
    .map(({ claim, problem }) => `${claim}: ${problem}`);
  const failed = reasons.length;
  return { passed: checks.length - failed, failed, skipped: 0, reasons };
}
