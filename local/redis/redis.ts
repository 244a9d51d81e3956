/** The stack's Redis: a server, found or started, behind the REST gateway. */
import { startRedisGateway } from "./gateway.ts";
import { findRedis, startRedis } from "./server.ts";

/** "auto": an own server when one is installed; "none"; or a running one (`redis://…`). */
export type RedisOption = "auto" | "none" | { url: string };

/** Redis as the functions and the tests see it. */
export interface StackRedis {
  restUrl: string;
  restToken: string;
  port: number;
  /** SIGKILL of the server. The REST gateway stays and answers 503. Only for a server of the stack's own. */
  kill(): Promise<void>;
  /** Starts it again: empty, on the same port. Only for a server of the stack's own. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts what is asked for, or returns null when there is to be none, or none is installed. */
export async function startStackRedis(
  option: RedisOption,
  restToken: string,
  log: (line: string) => void,
): Promise<StackRedis | null> {
  if (option === "none") {
    log("Redis: switched off; the scratchpad is in Postgres");
    return null;
  }
  if (option !== "auto") {
    const gateway = await startRedisGateway(option.url, restToken);
    const port = Number(new URL(option.url).port || 6379);
    log(`Redis: the one at ${option.url}, over REST at ${gateway.url}`);
    const refuse = () => Promise.reject(new Error("This Redis was not started by the stack"));
    return {
      restUrl: gateway.url,
      restToken,
      port,
      kill: refuse,
      restart: refuse,
      stop: gateway.stop,
    };
  }
  const program = await findRedis();
  if (!program) {
    log(
      "Redis: neither redis-server nor valkey-server is installed; the scratchpad is in Postgres",
    );
    return null;
  }
  const server = await startRedis(program);
  const gateway = await startRedisGateway(`redis://127.0.0.1:${server.port}`, restToken);
  log(`Redis: ${program} on port ${server.port}, over REST at ${gateway.url}`);
  return {
    restUrl: gateway.url,
    restToken,
    port: server.port,
    kill: server.kill,
    async restart() {
      await server.restart();
      await gateway.connected();
    },
    async stop() {
      await gateway.stop();
      await server.stop();
    },
  };
}
