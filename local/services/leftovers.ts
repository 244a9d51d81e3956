import { endProcess, exists, findOwnProcess, isRunning } from "./processes.ts";
import { type Root, STATE_FOLDER } from "./root.ts";

/** The name of a server that lives as long as this process. */
export const temporaryName = (): string => `test-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;

/** Ends and removes the temporary servers of processes that no longer exist. */
export async function removeLeftovers(root: Root): Promise<void> {
  const servers = root.outside(STATE_FOLDER);
  if (!await exists(servers)) return;
  for await (const { name } of Deno.readDir(servers)) {
    const owner = /-test-(\d+)-[0-9a-f]{8}$/.exec(name)?.[1];
    if (owner === undefined || await isRunning(Number(owner))) continue;
    const folder = `${servers}/${name}`;
    for (const pidFile of ["data/postmaster.pid", "pgbouncer.pid"]) {
      const pid = await findOwnProcess(`${folder}/${pidFile}`, folder);
      if (pid !== null) await endProcess(pid, "SIGQUIT");
    }
    await Deno.remove(folder, { recursive: true });
  }
}
