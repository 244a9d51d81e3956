import { PROJECT } from "../testing/deno-test.ts";

/** Runs the Supabase CLI of this project to its end. */
export async function runSupabase(
  args: string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(`${PROJECT}/node_modules/.bin/supabase`, {
    args,
    cwd: PROJECT,
    // Databases on this machine speak no TLS; asking for it first would only add a warning.
    env: { PGSSLMODE: "disable", NO_COLOR: "1", DO_NOT_TRACK: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}
