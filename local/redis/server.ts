/** A Redis of the stack's own: nothing on disk, gone with the stack. */
import { findFreePort } from "../ports.ts";
import { signal } from "../processes.ts";

/** A Redis server that can be ended and begun again. */
export interface RedisServer {
  port: number;
  program: string;
  /** As a crash would: SIGKILL. */
  kill(): Promise<void>;
  /** Begins again, empty, on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The first of these that is installed serves. */
const programs = ["redis-server", "valkey-server"];

/** The path of an installed Redis or Valkey, or null. */
export async function findRedis(): Promise<string | null> {
  const folders = [
    ...(Deno.env.get("PATH") ?? "").split(":"),
    "/usr/sbin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
  ];
  for (const program of programs) {
    for (const folder of folders) {
      const path = `${folder}/${program}`;
      if (folder && await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
    }
  }
  return null;
}

/** Starts a server on a free port and waits until it answers. */
export async function startRedis(program: string): Promise<RedisServer> {
  const port = findFreePort();
  let server = await spawn(program, port);
  await answering(port);
  return {
    port,
    program,
    kill: () => server.end("SIGKILL"),
    async restart() {
      await server.end("SIGKILL");
      server = await spawn(program, port);
      await answering(port);
    },
    stop: () => server.end("SIGTERM"),
  };
}

/**
 * A shell that starts the server, says its number, and ends it when its own input ends: that is when the stack is gone,
 * however it went. It outlives a Ctrl-C, which is for the stack, to wait for the server.
 */
const guard =
  'trap "" INT; "$@" </dev/null >/dev/null 2>&1 & echo $!; read -r _; kill $! 2>/dev/null; wait $!';

async function spawn(program: string, port: number) {
  const settings = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const shell = new Deno.Command("sh", {
    args: ["-c", guard, "sh", program, ...settings],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = shell.stdout.getReader();
  const pid = Number(new TextDecoder().decode((await reader.read()).value));
  let hasEnded = false;
  return {
    async end(name: "SIGKILL" | "SIGTERM") {
      if (hasEnded) return;
      hasEnded = true;
      signal(pid, name);
      await shell.stdin.close();
      await reader.cancel();
      await shell.status;
    },
  };
}

/** Resolves when the server answers a ping. */
async function answering(port: number): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(new TextEncoder().encode("PING\r\n"));
      const buffer = new Uint8Array(16);
      await connection.read(buffer);
      if (new TextDecoder().decode(buffer).startsWith("+PONG")) return;
    } catch (error) {
      if (attempt >= 200) {
        throw new Error(`Redis did not answer on port ${port} within 5 s`, { cause: error });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
