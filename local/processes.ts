/** Processes by their number. */
import process from "node:process";

/** Whether there is a process of that number, whoever's it is. */
export function isAlive(pid: number): boolean {
  return signal(pid, 0);
}

/** Sends a signal. Returns false when there is no such process. */
export function signal(pid: number, name: "SIGKILL" | "SIGTERM" | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "ESRCH") return false;
    if (code === "EPERM") return true;
    throw error;
  }
}
