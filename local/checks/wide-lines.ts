import { PROJECT } from "../testing/deno-test.ts";

const WIDEST = 120;

/** Written by the CLI. */
const GENERATED = /database\.types\.ts$/;

/** Lines that do not fit the eye, in what Git knows of SQL (for psql too) and TypeScript. */
export async function findWideLines(): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", {
    args: [
      "ls-files",
      "--cached",
      "--others",
      "--exclude-standard",
      "*.sql",
      "*.psql",
      "*.ts",
      "*.tsx",
    ],
    cwd: PROJECT,
  }).output();
  const problems: string[] = [];
  for (const file of new TextDecoder().decode(stdout).trim().split("\n")) {
    if (GENERATED.test(file)) continue;
    // A file that is deleted and not yet committed is still in Git's list.
    const text = await Deno.readTextFile(`${PROJECT}/${file}`).catch(() => "");
    for (const [at, line] of text.split("\n").entries()) {
      if ([...line].length > WIDEST) {
        problems.push(`${file}:${at + 1} has ${[...line].length} columns`);
      }
    }
  }
  return problems;
}
