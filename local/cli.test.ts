import { deepStrictEqual, match, strictEqual } from "node:assert";
import { runSupabase } from "./checks/supabase.ts";
import { listMigrations } from "./testing/rollbacks.ts";
import { startTestStack } from "./testing/test-stack.ts";

Deno.test("the Supabase CLI finds by URL what the stack has applied, and has nothing to push", async () => {
  const stack = await startTestStack({ redis: "none" });
  try {
    const versions = (await listMigrations()).map((name) => name.slice(0, 14));
    const listed = await runSupabase(["migration", "list", `--remote=${stack.dbUrl}`]);
    strictEqual(listed.code, 0, listed.stderr);
    deepStrictEqual([...new Set(listed.stdout.match(/\b\d{14}\b/g))].toSorted(), versions);
    // Each is named twice in its row: as a file here, and as applied there.
    for (const version of versions) {
      strictEqual(listed.stdout.split(version).length - 1, 2, `${version} is not applied`);
    }
    const pushed = await runSupabase([
      "db",
      "push",
      "--include-seed",
      "--yes",
      `--remote=${stack.dbUrl}`,
    ]);
    strictEqual(pushed.code, 0, pushed.stderr);
    match(pushed.stdout + pushed.stderr, /up to date/i);
  } finally {
    await stack.stop();
  }
});
