import { isAnswering } from "../ports.ts";
import { endProcess, findOwnProcess, run, waitUntil } from "./processes.ts";
import { type Root, STATE_FOLDER } from "./root.ts";

const FOLDER = `${STATE_FOLDER}/redis`;

/** The services' Redis: on 127.0.0.1, nothing kept on disk, as fast and forgetful as it is meant. */
export function describeRedis(root: Root, port: number) {
  const folder = root.outside(FOLDER);
  const find = () => findOwnProcess(`${folder}/redis.pid`, folder);
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    isRunning: async () => await find() !== null,
    async start(): Promise<void> {
      if (await find() !== null) return;
      await Deno.mkdir(folder, { recursive: true });
      await run("chroot", [root.path, "chown", "redis:redis", FOLDER]);
      await root.run(
        "redis",
        "/usr/bin/redis-server",
        ...["--bind", "127.0.0.1", "--port", String(port), "--daemonize", "yes"],
        ...["--dir", FOLDER, "--pidfile", `${FOLDER}/redis.pid`, "--logfile", "redis.log"],
        ...["--save", "", "--appendonly", "no"],
      );
      await waitUntil(`Redis listens on port ${port}`, () => isAnswering(port));
    },
    async stop(): Promise<void> {
      const pid = await find();
      if (pid !== null) await endProcess(pid);
    },
  };
}
