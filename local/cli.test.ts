import { importJWK, jwtVerify, SignJWT } from "jose";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { parseEnvironment } from "../supabase/functions/_shared/environment.ts";
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

Deno.test("a signing key as the CLI prints it signs agents' tokens, alone and in a list", async () => {
  const { code, stdout, stderr } = await runSupabase([
    "gen",
    "signing-key",
    "--algorithm",
    "ES256",
  ]);
  strictEqual(code, 0, stderr);
  const printed = stdout.trim();
  const { d: _, key_ops: __, ...publicKey } = JSON.parse(printed);
  for (const given of [printed, `[${printed}]`]) {
    const variables: Record<string, string> = {
      SUPABASE_URL: "https://project.supabase.co",
      SUPABASE_DB_URL: "postgresql://postgres@127.0.0.1/postgres",
      SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_x"}',
      SUPABASE_SECRET_KEYS: '{"default":"sb_secret_x"}',
      SUPABASE_JWKS: JSON.stringify({ keys: [publicKey] }),
      GROUNDWORK_SIGNING_KEY: given,
    };
    const { signingKey } = parseEnvironment((name) => variables[name]);
    ok(signingKey);
    const token = await new SignJWT({ sub: "agent" })
      .setProtectedHeader({ alg: "ES256", kid: signingKey.kid }).sign(signingKey);
    const { payload } = await jwtVerify(token, await importJWK(publicKey, "ES256"));
    strictEqual(payload.sub, "agent");
  }
});
