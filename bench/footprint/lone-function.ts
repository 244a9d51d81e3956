/** What a function takes of the machine: started alone, and looked at from outside while it answers. */
import { findConfig, writeConfig } from "../../local/edge/import-map.ts";
import { findPlatformDeno } from "../../local/edge/platform-deno.ts";
import { projectRoot } from "../../local/state.ts";
import type { Stack } from "../../local/stack.ts";

/** What the platform gives an isolate. */
export const given = { mebibytes: 256, seconds: 2 };

/** What one request took. */
export interface Footprint {
  /** Bytes of the answer. */
  answered: number;
  /** The most that the whole process held in memory, its program included. */
  mebibytes: number;
  /** Of all its threads. */
  seconds: number;
}

/** How an answer is read. */
export interface Reading {
  /** Whether it may be an error. */
  mayFail?: boolean;
  /** Milliseconds that nothing is read after the first bytes. */
  pause?: number;
}

/** A function in a process of its own. */
export interface LoneFunction extends AsyncDisposable {
  /** Sends a request, reads its answer to the end, and says what that took. Throws where it is no 2xx. */
  measure(path: string, init: RequestInit, reading?: Reading): Promise<Footprint>;
}

const script = new URL("one-function.ts", import.meta.url).href;
/** Where the stack has fetched what functions import. */
const denoDir = `${projectRoot}/node_modules/.cache/groundwork/platform/deno`;
/** Of a second, as Linux counts a process's time. */
const ticks = 100;

async function secondsOf(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

async function peakOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

/** Starts one; its heap may grow as far as the platform lets it. Linux alone says what is asked of it here. */
export async function startLoneFunction(name: string, stack: Stack): Promise<LoneFunction> {
  const folder = `${projectRoot}/supabase/functions`;
  const config = await writeConfig((await findConfig(folder, name))?.file ?? null);
  const child = new Deno.Command(await findPlatformDeno(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--allow-all",
      "--no-lock",
      "--node-modules-dir=none",
      `--v8-flags=--max-heap-size=${given.mebibytes}`,
      `--config=${config}`,
      script,
      `file://${folder}/${name}/index.ts`,
    ],
    env: { ...stack.functionEnv, DENO_DIR: denoDir },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const port = Number(new TextDecoder().decode((await reader.read()).value));
  reader.releaseLock();
  if (!port) throw new Error(`${name} did not start`);
  const { pid } = child;

  return {
    async measure(path, init, { mayFail = false, pause = 0 } = {}) {
      // Forget the peak until now.
      await Deno.writeTextFile(`/proc/${pid}/clear_refs`, "5");
      const before = await secondsOf(pid);
      const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
      let answered = 0;
      let begun = "";
      for await (const part of response.body ?? []) {
        if (answered === 0) {
          begun = new TextDecoder().decode(part.slice(0, 500));
          if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
        }
        answered += part.byteLength;
      }
      if (!mayFail && !response.ok) throw new Error(`${path}: ${response.status} ${begun}`);
      return { answered, mebibytes: await peakOf(pid), seconds: await secondsOf(pid) - before };
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.stdout.cancel();
      await child.status;
    },
  };
}
