/**
 * Runs test files on the platform's Deno, so that what they make in their own process, isolates of the
 * functions, runs on it too. Its `deno test` is older than ours: it has no `Deno.test.afterAll`, so
 * that each file is loaded by one that brings it along.
 */
import { basename } from "node:path";
import { findPlatformDeno } from "../edge/platform-deno.ts";
import { projectRoot } from "../state.ts";

/**
 * Files whose stand-ins for somebody else's server accept and fall silent, or break off in the middle
 * of an answer. The older `node:http` can do neither, so that they would test nothing there.
 */
const needNewerServers = [
  "articles_are_published_once",
  "connections_renew_their_tokens",
  "due_articles_are_published_or_say_why_not",
  "due_calls_are_made_once",
  "posts_are_posted_once",
];

/**
 * Files whose clients are newer: the older WebSocket client sends no headers and loses the code that it closed with,
 * `toBase64` and `fs.globSync` (of a published suite) are not there. What they ask is served by the platform's Deno all
 * the same.
 */
const needNewerClients = [
  "mcp_conforms",
  "sessions_relay_what_is_said",
  "sessions_relay_while_permitted",
  "tokens_that_are_not_ours_are_refused",
];

/** Whether a file can be run there. */
export function runsOnPlatform(file: string): boolean {
  return ![...needNewerServers, ...needNewerClients].includes(basename(file, ".test.ts"));
}

/** How a file is run there. */
export interface PlatformTest extends AsyncDisposable {
  program: string;
  /** The file to give to `deno test`. */
  file: string;
  args: string[];
}

const hooks = new URL("./platform-hooks.ts", import.meta.url).href;

/** Prepares one. @param file relative to the project */
export async function prepareForPlatform(file: string): Promise<PlatformTest> {
  const folder = await Deno.makeTempDir({ prefix: "groundwork-platform-" });
  const loader = `${folder}/${basename(file)}`;
  const imported = `file://${projectRoot}/${file}`;
  await Deno.writeTextFile(loader, `import "${hooks}";\nawait import("${imported}");\n`);
  return {
    program: await findPlatformDeno(),
    file: loader,
    args: [`--config=${projectRoot}/deno.json`, "--no-lock"],
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
