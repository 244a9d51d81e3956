/** Whether a test file's subject asks Redis at all: what does not is the same with it and without it. */
import { createClient } from "redis";

/** What a connection sends for itself, and this question. */
const OWN = new Set(["info", "hello", "client", "auth", "ping", "quit", "select"]);

/** How many commands a server was sent since it started, as its `INFO commandstats` tells it. */
export function countCommands(stats: string): number {
  let calls = 0;
  for (const [, name = "", count] of stats.matchAll(/^cmdstat_([^:|]+)[^:]*:calls=(\d+)/gm)) {
    if (!OWN.has(name)) calls += Number(count);
  }
  return calls;
}

/** Asks the server on a port of this machine. */
export async function askForCommands(port: number): Promise<number> {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  try {
    return countCommands(String(await client.sendCommand(["INFO", "commandstats"])));
  } finally {
    client.destroy();
  }
}

/** Runs each file, and returns those during which Redis was sent nothing, by anybody. */
export async function findUntouching(
  files: string[],
  run: (file: string) => Promise<void>,
  commands: () => Promise<number>,
): Promise<Set<string>> {
  const untouching = new Set<string>();
  for (const file of files) {
    const before = await commands();
    await run(file);
    if (await commands() === before) untouching.add(file);
  }
  return untouching;
}
