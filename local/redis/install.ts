/** Installs the distribution's Redis where that is possible without asking: as root on Debian or Ubuntu. */
import { findRedis } from "./server.ts";

/** Whether this machine is a Debian or one of its children, by the text of /etc/os-release. */
export function isDebian(osRelease: string): boolean {
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, id]) =>
    id?.split(" ") ?? []
  );
  return ids.includes("debian") || ids.includes("ubuntu");
}

/** Installs `redis-server` if none is there and this is root on Debian or Ubuntu; otherwise does nothing. */
export async function installRedis(log: (line: string) => void): Promise<void> {
  if (await findRedis()) return;
  const osRelease = await Deno.readTextFile("/etc/os-release").catch(() => "");
  if (!isDebian(osRelease) || Deno.uid() !== 0) return;
  log(
    "Redis: none found; installing the distribution's redis-server (--no-install leaves that out)",
  );
  // The package lists may be missing on a fresh machine; they are only fetched when it does not work without.
  if (await apt("install", "--yes", "--no-install-recommends", "redis-server")) return;
  const isInstalled = await apt("update") &&
    await apt("install", "--yes", "--no-install-recommends", "redis-server");
  if (!isInstalled) log("Redis: could not be installed (apt-get install redis-server failed)");
}

async function apt(...args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command("apt-get", {
    args: ["--quiet", "--quiet", ...args],
    // In a container nothing starts it; elsewhere the distribution's own service stays separate from the stack's
    // server.
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}
