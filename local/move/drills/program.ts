/** Runs the program that moves, and kills at a step what a drill wants killed: the program, or one of the servers. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { BROKEN } from "../move.ts";
import { MOVING } from "./load.ts";
import type { Cell } from "./two-cells.ts";

const PROGRAM = fileURLToPath(new URL("../move.ts", import.meta.url));

/** Who dies: all of them at the same moment. Servers are started again at once. */
export type Victim = "program" | "source" | "target";

/** What is killed, so many milliseconds after the program has said that it begins a step. */
export interface Kill {
  step: string;
  after: number;
  victims: Victim[];
}

/** What became of one run of the program. */
export interface Outcome {
  /** Whether it must be begun again: it was killed, or a server's end was its own. */
  isBroken: boolean;
  /** Who was killed. */
  killed: Victim[];
  output: string;
}

const options = (from: Cell, to: Cell): string[] => [
  ...["--workspace", MOVING, "--from", from.url, "--to", to.url],
  ...["--from-api", from.stack.apiUrl, "--to-api", to.stack.apiUrl],
  ...["--closed-for", "5000"], // a machine of tests may be slow
];

/** Runs the program once, with options of its command line and what is killed meanwhile. */
export async function runProgram(
  from: Cell,
  to: Cell,
  more: string[],
  kill: Kill | null,
): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-check", "--quiet", PROGRAM, ...options(from, to), ...more],
    env: { GROUNDWORK_FROM_KEY: from.stack.secretKey, GROUNDWORK_TO_KEY: to.stack.secretKey },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const killed: Victim[] = [];
  const strike = async ({ after, victims }: Kill) => {
    await new Promise((resolve) => setTimeout(resolve, after));
    await Promise.all(victims.map(async (victim) => {
      if (victim === "program") {
        try {
          child.kill("SIGKILL");
        } catch {
          return; // it has ended
        }
      } else {
        const { server } = victim === "source" ? from : to;
        await server.kill();
        await server.start();
      }
      killed.push(victim);
    }));
  };
  let output = "";
  let striking: Promise<void> | undefined;
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      output += text;
      if (kill && output.includes(`move: ${kill.step}`)) striking ??= strike(kill);
    }
  })();
  const errors = new Response(child.stderr).text();
  const { code, signal } = await child.status;
  await reading;
  await striking;
  if (signal === "SIGKILL" || code === BROKEN) return { isBroken: true, killed, output };
  assert.equal(code, 0, `the program ended with ${code}: ${output}${await errors}`);
  return { isBroken: false, killed, output };
}
