import assert from "node:assert/strict";
import { findTestFiles, needsRealDatabase, suiteOf } from "./test-files.ts";

Deno.test("a test belongs to the suite of its folder", () => {
  assert.equal(suiteOf("supabase/tests/members/last_owner/stays.test.sql"), "pgtap");
  assert.equal(suiteOf("supabase/tests/concurrency/last-owner.test.ts"), "concurrency");
  assert.equal(suiteOf("supabase/functions/tests/agents.test.ts"), "routes");
  assert.equal(suiteOf("supabase/functions/tests/drills/redis-dies.test.ts"), "drills");
  assert.equal(suiteOf("supabase/functions/tests/abuse/floods.test.ts"), "abuse");
  assert.equal(suiteOf("supabase/functions/tests/concurrency/grants.test.ts"), "concurrency");
  assert.equal(suiteOf("supabase/functions/_shared/lua.test.ts"), "unit");
  assert.equal(suiteOf("local/services/drills/power-cut.test.ts"), "drills");
  assert.equal(suiteOf("local/browser/a-page.test.ts"), "browser");
  assert.equal(suiteOf("local/testing/tap.test.ts"), "unit");
});

Deno.test("helpers and included scripts are no tests", () => {
  assert.equal(suiteOf("supabase/functions/tests/people.ts"), null);
  assert.equal(suiteOf("supabase/tests/helpers.psql"), null);
});

Deno.test("what needs several real sessions is left to the real database", () => {
  assert.equal(needsRealDatabase("supabase/functions/tests/concurrency/grants.test.ts"), true);
  assert.equal(needsRealDatabase("supabase/functions/tests/drills/redis-dies.test.ts"), false);
  assert.equal(needsRealDatabase("local/services/drills/power-cut.test.ts"), true);
});

Deno.test("this file is found among the unit tests, and can be chosen by name", async () => {
  const files = await findTestFiles("unit", "embedded", "testing/test-files");
  assert.deepEqual(files, ["local/testing/test-files.test.ts"]);
});
