/** People who are present in a workspace while it, or its neighbour, moves: they beat, leave, come back and listen. */
import { createParser } from "eventsource-parser";
import { createTokens } from "../../tokens.ts";
import type { Cell } from "./two-cells.ts";

const PEOPLE = {
  acme: {
    id: "00000000-0000-4000-b000-000000000001",
    members: [1, 2, 3],
  },
  globex: {
    id: "00000000-0000-4000-b000-000000000002",
    members: [5, 6],
  },
};
const personOf = (n: number) => `00000000-0000-4000-a000-00000000000${n}`;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What a room's people met with. */
export interface Seen {
  /** Heartbeats and departures that were answered with 200. */
  answered: number;
  /** All other answers, by their code. */
  refused: Record<string, number>;
  /** Why streams of events ended. */
  ends: Record<string, number>;
  /** How often somebody seemed to be gone who had not left: a busy machine's Redis does not answer in time. */
  vanished: number;
  /** How long it took after each move until all were seen together, in milliseconds. */
  together: number[];
}

/** A room with its people. */
export interface Room {
  /** Everyone who was told that the workspace is elsewhere waits until this is called. */
  goTo(cell: Cell): void;
  /** Resolves when all are heard where the workspace is, and a listener sees all of them there. */
  together(): Promise<void>;
  stop(): Promise<void>;
  seen: Seen;
  /** What nobody should see. */
  unexpected: string[];
}

/** Fills a room. `between`: milliseconds between two heartbeats of a person. */
export function fillRoom(workspace: keyof typeof PEOPLE, first: Cell, between: number): Room {
  const { id, members } = PEOPLE[workspace];
  const seen: Seen = {
    answered: 0,
    refused: {},

    ends: {},
    vanished: 0,
    together: [],
  };
  const unexpected: string[] = [];
  const over = new AbortController();
  /** In which cell each was heard last. */
  const heardIn = new Map<number, Cell>();
  /** Who said that they leave, and of whom that has not been heard yet. */
  const departed = new Set<number>();
  /** Whom the listener sees, in the cell where it listens. */
  const visible = new Set<number>();
  let listensIn: Cell | null = null;
  let cell = first;
  let opening = Promise.withResolvers<void>();

  const count = (of: Record<string, number>, what: string) => of[what] = (of[what] ?? 0) + 1;

  const tokens = new Map<string, string>();
  async function ask(at: Cell, n: number, method: string, path: string, body?: unknown) {
    const key = `${at.name} ${n}`;
    if (!tokens.has(key)) {
      const now = Math.floor(Date.now() / 1000);
      const { signingKey, apiUrl } = at.stack;
      const token = await createTokens({ signingKey, internalSecret: "" }, apiUrl)
        .sign({ sub: personOf(n), role: "authenticated", iat: now, exp: now + 7200 });
      tokens.set(key, token);
    }
    return await fetch(`${at.stack.apiUrl}/functions/v1/presence${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokens.get(key)}`,
        ...(body ? { "content-type": "application/json" } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: over.signal,
    });
  }

  /** Asks until it is answered, as a client does; where the workspace is elsewhere it waits until it is told where. */
  async function insist(n: number, what: string, question: (at: Cell) => Promise<Response>) {
    while (!over.signal.aborted) {
      const at = cell;
      let code: string;
      try {
        const response = await question(at);
        if (response.ok) return { at, response };
        const { error } = await response.json();
        code = `${response.status} ${error?.code}`;
      } catch (error) {
        if (over.signal.aborted) return null;
        code = error instanceof Error ? error.name : String(error);
      }
      count(seen.refused, code);
      if (code === "421 misdirected_workspace") {
        const gate = opening;
        if (cell === at) await Promise.race([gate.promise, pause(500)]);
        continue;
      }
      // The 503 of a busy machine, or of a server that was killed, is asked again: the heartbeat before it holds.
      if (/^4/.test(code)) unexpected.push(`${what} of ${n}: ${code}`);
      await pause(200);
    }
    return null;
  }

  const people = members.map(async (n) => {
    const here = { workspace_id: id, status: "online" };
    for (let turn = n; !over.signal.aborted; turn++) {
      const leaves = turn % 7 === 0;
      if (leaves) departed.add(n);
      const done = await insist(
        n,
        leaves ? "departure" : "heartbeat",
        (at) =>
          leaves
            ? ask(at, n, "DELETE", `?workspace_id=${id}`)
            : ask(at, n, "PUT", "", { ...here, metadata: { turn } }),
      );
      await done?.response.body?.cancel();
      if (!done) return;
      seen.answered++;
      heardIn.set(n, done.at);
      await pause(between * (0.5 + Math.random()));
    }
  });

  const listening = (async () => {
    while (!over.signal.aborted) {
      const opened = await insist(
        members[0]!,
        "listening",
        (at) => ask(at, members[0]!, "GET", `/${id}/events`),
      );
      if (!opened) return;
      const { at, response } = opened;
      visible.clear();
      listensIn = at;
      const parser = createParser({
        onEvent({ event = "", data }) {
          const told = JSON.parse(data);
          if (event === "end") count(seen.ends, told.reason);
          if (event === "end" && told.reason !== "renew") unexpected.push(`told ${told.reason}`);
          if (event === "here") {
            visible.clear();
            for (const n of members) {
              if (told.members.some((one: { id: string }) => one.id === personOf(n))) {
                visible.add(n);
              }
            }
          }
          if (event !== "joined" && event !== "changed" && event !== "left") return;
          const who = members.find((n) => personOf(n) === told.id);
          if (who === undefined) unexpected.push(`a stranger ${event}`);
          else if (event === "left" && !departed.delete(who)) seen.vanished++;
          if (who !== undefined && event === "left") visible.delete(who);
          else if (who !== undefined) visible.add(who);
        },
      });
      try {
        for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
          parser.feed(text);
        }
      } catch {
        count(seen.ends, "cut");
      }
      await pause(100);
    }
  })();

  return {
    seen,
    unexpected,
    goTo(next) {
      cell = next;
      opening.resolve();
      opening = Promise.withResolvers<void>();
    },
    async together() {
      const began = performance.now();
      const areThere = () =>
        listensIn === cell && members.every((n) => heardIn.get(n) === cell && visible.has(n));
      while (!areThere()) await pause(20);
      seen.together.push(Math.round(performance.now() - began));
    },
    async stop() {
      over.abort();
      opening.resolve();
      await Promise.allSettled([...people, listening]);
    },
  };
}
