/** What a run can have on this machine, installed where that is possible; what it cannot have is said. */
import { provideChromium } from "../browser/chromium.ts";
import type { RedisKind } from "./arguments.ts";
import { provideRedis } from "./redis-program.ts";

type Say = (line: string) => void;

/** The browser's path; null where there is none, which is told. */
export async function findBrowser(say: Say, notRun: string[]): Promise<string | null> {
  const program = await provideChromium(say);
  if (program) return program;
  notRun.push(
    "the browser: no chromium is installed; install it by your package manager" +
      " (on Debian or Ubuntu as root this is done by itself)",
  );
  return null;
}

/** The wanted kinds, without Redis where there is none, which is told. */
export async function findRedisKinds(
  wanted: RedisKind[],
  say: Say,
  notRun: string[],
): Promise<RedisKind[]> {
  if (!wanted.includes("redis") || await provideRedis(say)) return wanted;
  notRun.push(
    "Redis: no redis-server or valkey-server is installed; install either by your package manager" +
      " (on Debian or Ubuntu as root this is done by itself)",
  );
  return wanted.filter((kind) => kind !== "redis");
}
