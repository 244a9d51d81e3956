/** The outcome of a command that ran to its end. */
export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end and returns what it said, whatever its exit code. */
export async function tryRun(command: string, args: string[]): Promise<Finished> {
  const output = await new Deno.Command(command, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { LC_ALL: "C.UTF-8" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: decode(output.stdout), stderr: decode(output.stderr) };
}

/** Runs a command to its end and throws, with its last lines, when it fails. */
export async function run(command: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryRun(command, args);
  if (code !== 0) {
    const lastLines = `${stdout}\n${stderr}`.trim().split("\n").slice(-15).join("\n");
    throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${lastLines}`);
  }
  return stdout;
}

const ABSENCES = [Deno.errors.NotFound, Deno.errors.NotADirectory, Deno.errors.PermissionDenied];

/** Whether a file or folder is there, for all that one may see. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (ABSENCES.some((absence) => error instanceof absence)) return false;
    throw error;
  }
}

/** Whether a process runs; one that has ended and is only waited for does not. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    return !/^\s*[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 1));
  } catch {
    return false; // no such process: /proc has no entry, or it went while being read
  }
}

/**
 * The process of a pid file, if it runs and is the one that works in `folder`: after a restart of
 * the machine the number may belong to a stranger, who must not be ended.
 */
export async function findOwnProcess(pidFile: string, folder: string): Promise<number | null> {
  if (!await exists(pidFile)) return null;
  const pid = Number.parseInt(await Deno.readTextFile(pidFile), 10);
  if (!Number.isInteger(pid) || !await isRunning(pid)) return null;
  const workingFolder = await Deno.readLink(`/proc/${pid}/cwd`).catch(() => "");
  return workingFolder === folder || workingFolder.startsWith(`${folder}/`) ? pid : null;
}

/** The processes that a process has started and that still run. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
  return text.split(/\s+/).filter((word) => word !== "").map(Number);
}

/** Waits until a condition holds; throws, naming what was waited for, when it does not in time. */
export async function waitUntil(
  what: string,
  holds: () => Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!await holds()) {
    if (Date.now() > deadline) {
      throw new Error(`waited ${timeoutMs / 1000} s in vain until ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Ends a process: asks, waits, and throws if it would not go. */
export async function endProcess(pid: number, signal: Deno.Signal = "SIGTERM"): Promise<void> {
  if (await isRunning(pid)) Deno.kill(pid, signal);
  await waitUntil(`process ${pid} ends`, async () => !await isRunning(pid));
}
