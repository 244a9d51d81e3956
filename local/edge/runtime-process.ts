/** A runtime ({@link file://./runtime/main.ts}): a process of the platform's Deno with one import map. */
import { findPlatformDeno } from "./platform-deno.ts";
import {
  encodeMessage,
  type FromRuntime,
  readMessages,
  type ToRuntime,
} from "./runtime/messages.ts";

/** A running runtime. */
export interface Runtime {
  /** Resolves with the isolate's port when it answers; rejects with what the function threw. */
  boot(isolate: Omit<Extract<ToRuntime, { kind: "boot" }>, "kind">): Promise<number>;
  /** Says that no request is sent to an isolate any longer. */
  leave(id: string): void;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** How to start one. */
export interface RuntimeOptions {
  /** The only config that it sees. */
  config: string;
  /** Where it keeps what it fetched. */
  cacheDir: string;
  /** Exactly what its functions see. */
  env: Record<string, string>;
  /** An isolate wants no more requests, or has ended. */
  onGone(id: string): void;
}

const main = new URL("./runtime/main.ts", import.meta.url).pathname;

/** As a deployment is: nothing of the project but its code and import map. */
const isolated = (config: string) => [
  "--no-lock",
  "--node-modules-dir=none",
  `--config=${config}`,
];

/** Variables of this machine that a process needs to reach package registries; the functions do not see them. */
function machineEnvironment(cacheDir: string): Record<string, string> {
  const wanted = ["PATH", "HOME", "TMPDIR", "NPM_CONFIG_REGISTRY", "HTTP_PROXY", "HTTPS_PROXY"];
  const found = [...wanted, "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"].flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(found),
    DENO_DIR: `${cacheDir}/deno`,
    DENO_TLS_CA_STORE: Deno.env.get("DENO_TLS_CA_STORE") ?? "mozilla,system",
    DENO_NO_UPDATE_CHECK: "1",
    DENO_NO_PROMPT: "1",
    NO_COLOR: "1",
  };
}

/**
 * Fetches and transpiles what these modules import, so that booting them is quick. Returns what went wrong, or an empty
 * text.
 */
export async function fetchImports(
  config: string,
  cacheDir: string,
  entries: string[],
): Promise<string> {
  const { success, stderr } = await new Deno.Command(await findPlatformDeno(), {
    args: ["cache", "--quiet", "--allow-import", ...isolated(config), ...entries],
    clearEnv: true,
    env: machineEnvironment(cacheDir),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  return success ? "" : new TextDecoder().decode(stderr);
}

/** Starts one. It ends with this process, whatever happens. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { config, cacheDir, env } = options;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const child = new Deno.Command(await findPlatformDeno(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--allow-net",
      "--allow-env",
      "--allow-read",
      "--allow-sys",
      "--allow-write=/tmp",
      "--allow-import",
      ...isolated(config),
      main,
      String(listener.addr.port),
      Object.keys(env).join(","),
    ],
    clearEnv: true,
    env: { ...machineEnvironment(cacheDir), ...env },
    stdin: "null",
  }).spawn();
  const ended = child.status.then(() => {});
  const connection = await Promise.race([listener.accept(), ended]);
  listener.close();
  if (!connection) throw new Error("The functions' runtime ended before it began (see above).");
  const writer = connection.writable.getWriter();
  const tell = (message: ToRuntime) => writer.write(encodeMessage(message)).catch(() => {});
  const booting = new Map<string, PromiseWithResolvers<number>>();
  follow(connection.readable, booting, options.onGone);

  return {
    async boot(isolate) {
      const booted = Promise.withResolvers<number>();
      booting.set(isolate.id, booted);
      tell({ kind: "boot", ...isolate });
      return await booted.promise;
    },
    leave: (id) => void tell({ kind: "left", id }),
    ended,
    async stop() {
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended already */ }
      await ended;
    },
  };
}

/** Hears what a runtime says until it ends; what it has not booted by then fails. */
async function follow(
  stream: ReadableStream<Uint8Array>,
  booting: Map<string, PromiseWithResolvers<number>>,
  onGone: (id: string) => void,
): Promise<void> {
  try {
    for await (const message of readMessages<FromRuntime>(stream)) {
      const { id } = message;
      if (message.kind === "booted") booting.get(id)?.resolve(message.port);
      else if (message.kind === "failed") booting.get(id)?.reject(new Error(message.reason));
      else onGone(id);
      if (message.kind === "booted" || message.kind === "failed") booting.delete(id);
    }
  } catch { /* the connection broke: the process has ended */ }
  for (const { reject } of booting.values()) reject(new Error("The functions' runtime ended."));
}
