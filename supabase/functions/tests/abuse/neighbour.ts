/** Somebody who works in a workspace of their own while others are attacked, and what they notice of it. */
import { assert, assertEquals } from "../../_shared/asserts.ts";
import { ask, type World } from "../world.ts";

/** Milliseconds that the neighbour waits at most, unless the machine is that slow when nobody attacks. */
const patience = 2000;

/** What the neighbour noticed: the slowest answer, in milliseconds, and how many there were. */
interface Noticed {
  slowest: number;
  answers: number;
}

/** One round of a working day: what one may use, a question, who is here. */
async function work(world: World, noticed: Noticed): Promise<void> {
  const rounds = [
    () => ask("GET", "/agents", { as: world.member }),
    () =>
      ask("POST", "/knowledge/search", {
        as: world.member,
        body: { workspace_id: world.workspace, query: "what holds" },
      }),
    () => ask("GET", "/usage", { as: world.member }),
  ];
  for (const round of rounds) {
    const begun = performance.now();
    const { status, body } = await round();
    assertEquals(status, 200, JSON.stringify(body));
    noticed.slowest = Math.max(noticed.slowest, performance.now() - begun);
    noticed.answers++;
  }
}

/**
 * Runs an attack while a neighbour works: each of their requests is answered 200, within two seconds
 * or, on a machine that is busy with something else, within three times what they took before.
 */
export async function besideNeighbour<Result>(
  neighbour: World,
  attack: () => Promise<Result>,
): Promise<Result> {
  const before: Noticed = { slowest: 0, answers: 0 };
  for (let round = 0; round < 3; round++) await work(neighbour, before);
  const noticed: Noticed = { slowest: 0, answers: 0 };
  let isOver = false;
  const attacking = attack().finally(() => isOver = true);
  attacking.catch(() => {}); // told below
  do await work(neighbour, noticed); while (!isOver);
  const result = await attacking;
  const bound = Math.max(patience, 3 * before.slowest);
  assert(
    noticed.slowest <= bound,
    `the neighbour waited ${noticed.slowest} ms, of ${bound} at most`,
  );
  return result;
}

/** How many answers there were of each status and code: `{ "429 limit_reached": 8 }`. */
export function tally(
  answers: { status: number; body: { error?: { code?: string } } | null }[],
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const name = [status, body?.error?.code].filter(Boolean).join(" ");
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
