/** `npm run move-drill`: the drill of the tests with more moves (20; `-- 5` makes five). */
import { drill } from "./moves.ts";

const moves = Number(Deno.args[0] ?? 20);
const began = performance.now();
const told = await drill(moves, console.log);
const closed = told.closed.toSorted((a, b) => a - b);
console.log(JSON.stringify({
  ...told,
  closed: { n: closed.length, median: closed[closed.length >> 1], most: closed.at(-1) },
  seconds: Math.round((performance.now() - began) / 1000),
}));
Deno.exit(0);
