/** Whether a test file's subject asks Redis anything: what does not is the same with it and without it. */
import { createClient } from "redis";

/** How often a server was sent each command. */
export type Commands = ReadonlyMap<string, number>;

/** What a connection sends for itself, and this question. */
const OWN = new Set(["info", "hello", "client", "auth", "ping", "quit", "select"]);
/** What clears kept answers: the script that raises floors, and removing. */
const CLEARING = new Set(["eval", "get", "hget", "set", "expire", "del"]);

/** The commands that a server was sent since it started, as its `INFO commandstats` tells them. */
export function readCommands(stats: string): Commands {
  const commands = new Map<string, number>();
  for (const [, name = "", count] of stats.matchAll(/^cmdstat_([^:|]+)[^:]*:calls=(\d+)/gm)) {
    if (!OWN.has(name)) commands.set(name, (commands.get(name) ?? 0) + Number(count));
  }
  return commands;
}

/**
 * Whether anything was asked of Redis or kept there. Clearing is neither: nothing depends on its answer, and each
 * right that is granted causes it, in most files. For each floor its script gets the floor, writes or prolongs it, and
 * looks at what is kept (nothing else sends HGET), so one command more of these is somebody else's.
 */
export function wasAsked(before: Commands, after: Commands): boolean {
  const sent = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const floors = sent("hget");
  return [...after.keys()].some((name) => !CLEARING.has(name) && sent(name) > 0) ||
    sent("get") !== floors || sent("set") + sent("expire") !== floors;
}

/** Asks the server on a port of this machine. */
export async function askForCommands(port: number): Promise<Commands> {
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  try {
    return readCommands(String(await client.sendCommand(["INFO", "commandstats"])));
  } finally {
    client.destroy();
  }
}

/**
 * Runs each file, and returns those during which Redis was asked nothing, by anybody, and that do not speak of it: who
 * speaks of it may expect something else without it.
 */
export async function findUntouching(
  files: string[],
  run: (file: string) => Promise<void>,
  commands: () => Promise<Commands>,
  textOf: (file: string) => Promise<string>,
): Promise<Set<string>> {
  const untouching = new Set<string>();
  for (const file of files) {
    const before = await commands();
    await run(file);
    if (wasAsked(before, await commands()) || /redis/i.test(await textOf(file))) continue;
    untouching.add(file);
  }
  return untouching;
}
