/** Somebody who works in a workspace of their own while others are attacked, and what they notice of it. */
import { assertEquals } from "../../_shared/asserts.ts";
import { ask, type World } from "../world.ts";

/** One round of a working day: what one may use, a question, what was used. */
async function work(world: World): Promise<void> {
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
    const { status, body } = await round();
    assertEquals(status, 200, JSON.stringify(body));
  }
}

/**
 * Runs an attack while a neighbour works, and once more while what it got hold of is still held: each of their requests
 * is answered 200. No clock is read here. Whoever waits longer than half a second for a connection, or five for a
 * query, is answered 503, so that a neighbour who is kept waiting is one who is not answered 200.
 */
export async function besideNeighbour<Result>(
  neighbour: World,
  attack: () => Promise<Result>,
): Promise<Result> {
  let isOver = false;
  const attacking = attack().finally(() => isOver = true);
  attacking.catch(() => {}); // told below
  do await work(neighbour); while (!isOver);
  const result = await attacking;
  await work(neighbour);
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
