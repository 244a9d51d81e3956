import { deepStrictEqual, ok } from "node:assert";
import { simulateCells } from "./cells.ts";

const small = { cells: 20, workspaces: 20_000, most: 50 };

Deno.test("the same seed finds the same, another one something else", () => {
  deepStrictEqual(simulateCells({ ...small, seed: 1 }), simulateCells({ ...small, seed: 1 }));
  ok(simulateCells({ ...small, seed: 1 }).largest > 0);
  ok(
    simulateCells({ ...small, seed: 2 }).load.placed !==
      simulateCells({ ...small, seed: 1 }).load.placed,
  );
});

Deno.test("moves even the cells out and lose nothing", () => {
  const { load, moves, curves } = simulateCells({ ...small, seed: 3 });
  ok(moves > 0 && load.moved < load.placed);
  for (const curve of [curves.placed, curves.moved]) {
    ok(Math.abs(curve.reduce((sum, one) => sum + one, 0) - 20) < 1e-6);
  }
});
