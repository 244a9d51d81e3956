/**
 * Whether each function boots on the platform's Deno with nothing but its own import map, as it must when it is
 * deployed.
 */
import { findFunctions } from "../edge/edge.ts";
import { findConfig, writeConfig } from "../edge/import-map.ts";
import { startRuntime } from "../edge/runtime-process.ts";
import { projectRoot } from "../state.ts";

/** Boots all of them, one after the other. Returns which do not, and why. */
export async function findUnbootable(root = projectRoot): Promise<string[]> {
  const folder = `${root}/supabase/functions`;
  const cacheDir = `${projectRoot}/node_modules/.cache/groundwork/platform`;
  await Deno.mkdir(cacheDir, { recursive: true });
  const names = await findFunctions(folder);
  const problems: string[] = names.length === 0 ? ["there are no functions"] : [];
  for (const name of names) {
    const config = await writeConfig((await findConfig(folder, name))?.file ?? null);
    const runtime = await startRuntime({ config, cacheDir, env: {}, onGone: () => {} });
    try {
      const entry = `file://${folder}/${name}/index.ts`;
      await runtime.boot({ id: name, name, entry, wallClock: 60_000 });
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : error}`);
    } finally {
      await runtime.stop();
    }
  }
  return problems;
}
