/** A Redis of the stack's own: nothing on disk, gone with the stack. */
import { findFreePort } from "../ports.ts";

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
  let child = spawn(program, port);
  await answering(port);

  async function end(signal: Deno.Signal) {
    try {
      child.kill(signal);
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await child.status;
  }
  return {
    port,
    program,
    kill: () => end("SIGKILL"),
    async restart() {
      await end("SIGKILL");
      child = spawn(program, port);
      await answering(port);
    },
    stop: () => end("SIGTERM"),
  };
}

function spawn(program: string, port: number): Deno.ChildProcess {
  const settings = [
    "--port",
    `${port}`,
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
    "--daemonize",
    "no",
  ];
  return new Deno.Command(program, {
    args: settings,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
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
