/** Starts the embedded database in its own thread and listens for it to end. */
import { digest } from "../cache.ts";
import { bundleExtensions } from "../extensions/bundle.ts";
import { PortTakenError } from "../ports.ts";
import { bootstrapScripts } from "./bootstrap.ts";
import type { Programs, WorkerReport, WorkerRequest } from "./pglite-worker.ts";

/** A database that accepts connections. */
export interface RunningDatabase {
  /** As whom the stack prepares the database: a superuser. */
  adminUrl: string;
  /** As whom the project works: the platform's `postgres`. */
  url: string;
  stop(): Promise<void>;
}

/** Where PGlite keeps things, and where it listens. */
export interface PgliteOptions {
  /** null: in memory. */
  dataDir: string | null;
  /** For what can be made again: a fresh database to copy, packed extensions. */
  cacheDir: string;
  /** What the copied database has run already; absent: the platform's own scripts alone. */
  migrations?: string | undefined;
  /** 0: any free one. */
  port: number;
  /** Hears which client was ended, and why. */
  onEnded?: (reason: string) => void;
  /** Told once if the database breaks while it runs. */
  onCrash: (reason: string) => void;
}

const pglite = new URL("../../node_modules/@electric-sql/pglite/", import.meta.url);

/** Compiled once: functions are compiled when they are first called, and the next database finds them done. */
let programs: Promise<Programs> | undefined;

async function compilePrograms(): Promise<Programs> {
  const compile = async (name: string) =>
    await WebAssembly.compile(await Deno.readFile(new URL(`dist/${name}.wasm`, pglite)));
  const [pgliteWasmModule, initdbWasmModule] = [await compile("pglite"), await compile("initdb")];
  return { pgliteWasmModule, initdbWasmModule };
}

/** Starts PGlite behind a TCP port. */
export async function startPglite(options: PgliteOptions): Promise<RunningDatabase> {
  const bundles = await bundleExtensions(`${options.cacheDir}/extensions`);
  const scripts = await bootstrapScripts();
  const version = await Deno.readTextFile(new URL("package.json", pglite));
  const { migrations = "" } = options;
  const name = await digest([version, ...Object.values(bundles), ...scripts, migrations]);
  programs ??= compilePrograms();
  const compiled = await programs;
  const template = `${options.cacheDir}/database-${name}.tar`;
  const worker = new Worker(new URL("./pglite-worker.ts", import.meta.url), { type: "module" });
  const tell = (request: WorkerRequest) => worker.postMessage(request);
  const stopped = Promise.withResolvers<void>();
  const port = await new Promise<number>((resolve, reject) => {
    worker.onmessage = ({ data: report }: MessageEvent<WorkerReport>) => {
      if (report.kind === "started") resolve(report.port);
      else if (report.kind === "stopped") stopped.resolve();
      else if (report.kind === "ended") options.onEnded?.(report.reason);
      else if (report.kind === "crashed") options.onCrash(report.reason);
      else if (report.isPortTaken) reject(new PortTakenError(options.port, "the database"));
      else reject(new Error(report.reason));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
      options.onCrash(event.message);
    };
    tell({
      kind: "start",
      dataDir: options.dataDir,
      template,
      scripts,
      migrations,
      bundles,
      programs: compiled,
      port: options.port,
    });
  }).catch((error) => {
    worker.terminate();
    throw error;
  });
  const url = `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`;
  return {
    url,
    adminUrl: url,
    async stop() {
      tell({ kind: "stop" });
      await stopped.promise;
      worker.terminate();
    },
  };
}
