/**
 * `npm run move`: moves a workspace from one database to another while people work in it (docs/moving.md). May be
 * killed and begun again at any step.
 */
import { parseArgs } from "node:util";
import { onLostConnection } from "../database/lost-connections.ts";
import { connectSide, MoveError } from "./connect.ts";
import {
  beAlone,
  close,
  copy,
  forget,
  handOver,
  type Move,
  pause,
  readCells,
  readState,
  tidy,
  undo,
  waitForOlder,
} from "./steps.ts";

const USAGE =
  `npm run move -- --workspace <id> --from <url> --to <url>     moves it, or goes on with a move
              … --undo      takes a move back that has not handed over yet
              … --forget    deletes the copy on the source after a move
  --from-api, --to-api      the projects' URLs, where the workspace has stored objects
                            (their secret keys in GROUNDWORK_FROM_KEY and GROUNDWORK_TO_KEY)
  --closed-for <ms>         how long writers may be refused before it is tried again later (900)`;

/** Exit code: a server died, and the same command goes on where this one stopped. */
export const BROKEN = 75;

/** Goes on with a move until it is done. @returns how long the workspace was closed; null: by an earlier program */
export async function run(move: Move): Promise<number | null> {
  let state = await readState(move);
  if (state?.phase === "fenced") {
    const cells = await readCells(move.source, move.target);
    await handOver(move, cells, performance.now() + 30_000);
    state = await readState(move);
  }
  let closed: number | null = null;
  while (state?.phase !== "moved" && state?.phase !== "tidied") {
    await copy(move);
    await waitForOlder(move);
    closed = await close(move);
    if (closed === null) await pause(500);
    state = await readState(move);
  }
  await tidy(move);
  return closed;
}

const isConnection = (error: unknown): boolean =>
  /^(CONNECT|ECONN|EPIPE|57P0|08)/.test((error as { code?: string }).code ?? "");

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      workspace: { type: "string" },
      from: { type: "string" },
      to: { type: "string" },
      "from-api": { type: "string" },
      "to-api": { type: "string" },
      "closed-for": { type: "string", default: "900" },
      undo: { type: "boolean", default: false },
      forget: { type: "boolean", default: false },
    },
  });
  const { workspace, from, to } = values;
  const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(workspace ?? "");
  if (!isId || !from || !to || !/^\d+$/.test(values["closed-for"])) {
    console.error(USAGE);
    return 2;
  }
  const [fromApi, toApi] = [values["from-api"], values["to-api"]];
  const apis = fromApi && toApi
    ? {
      from: { url: fromApi, key: Deno.env.get("GROUNDWORK_FROM_KEY") ?? "" },
      to: { url: toApi, key: Deno.env.get("GROUNDWORK_TO_KEY") ?? "" },
    }
    : null;
  let last = "";
  const say = (step: string) => {
    if (step !== last) console.log(`move: ${step}`);
    last = step;
  };
  const patience = Date.now() + 120_000;
  let isAgain = false;
  for (;;) {
    const [source, target] = [connectSide(from), connectSide(to)];
    const closedFor = Number(values["closed-for"]);
    const move = { source, target, workspace: workspace!, apis, closedFor, say };
    try {
      const leave = await beAlone(move);
      if (values.undo) await undo(move);
      else if (values.forget) await forget(move);
      else {
        const closed = await run(move);
        if (closed !== null) console.log(`move: writers were refused for ${closed.toFixed(0)} ms`);
      }
      await leave();
      say("done");
      return 0;
    } catch (error) {
      if (error instanceof MoveError) {
        // Forgotten already, when the server died before it could say so.
        if (isAgain && values.forget && error.code === "not_found") return 0;
        console.error(`move: ${error.message}`);
        return 1;
      }
      if (!isConnection(error) || Date.now() > patience) throw error;
      say("a server does not answer; trying again");
      isAgain = true;
      await pause(1000);
    } finally {
      await Promise.all([source.sql.end({ timeout: 2 }), target.sql.end({ timeout: 2 })]);
    }
  }
}

if (import.meta.main) {
  onLostConnection(({ message }) => {
    console.error(`move: a connection broke (${message}): begin again`);
    Deno.exit(BROKEN);
  });
  Deno.exit(await main(Deno.args));
}
