import { assertDeepEquals } from "./asserts.ts";

/** The floors of `_shared`, from the ground up, as docs/layers.md draws them. */
const floors = [
  ["json", "log", "bounded-map", "sha256", "lifetime", "position", "statements"],
  ["errors", "background", "database-socket"],
  ["environment-values"],
  ["rate-limits"],
  ["asserts", "input", "environment"],
  ["outbound", "database-pool"],
  ["database-pieces"],
  ["database", "storage"],
  ["platform-accounts", "metrics"],
  ["scratchpad", "traces"],
  ["embedding"],
  ["access"],
  // Above access, so that nothing that authorises can import it.
  ["replicas"],
  ["http"],
  ["publishing"],
  ["services"],
];
const shared = new URL("./", import.meta.url);

/** Every file's name below `_shared`, and what it imports from there, both relative to it. */
async function* imports(folder = shared): AsyncGenerator<{ file: string; imported: string[] }> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory) yield* imports(url);
    else if (name.endsWith(".ts") && !name.endsWith(".test.ts")) {
      const text = await Deno.readTextFile(url);
      const paths = [...text.matchAll(/(?:from|import) "(\.{1,2}\/[^"]+)"/g)];
      yield {
        file: url.href.slice(shared.href.length),
        imported: paths.map(([, path = ""]) => new URL(path, url).href.slice(shared.href.length)),
      };
    }
  }
}

const roomOf = (path: string) => path.replace(/\.ts$|\/.*$/, "");
const floorOf = (path: string) => floors.findIndex((rooms) => rooms.includes(roomOf(path)));

Deno.test("nothing in _shared imports from a room above its own, and each has a floor", async () => {
  const faults: string[] = [];
  for await (const { file, imported } of imports()) {
    if (floorOf(file) < 0) faults.push(`${file} is on no floor`);
    for (const other of imported) {
      const isOwnRoom = roomOf(other) === roomOf(file);
      if (!isOwnRoom && floorOf(other) >= floorOf(file)) faults.push(`${file} imports ${other}`);
    }
  }
  assertDeepEquals(faults, []);
});

Deno.test("no files of _shared import each other in a circle", async () => {
  const graph = new Map<string, string[]>();
  for await (const { file, imported } of imports()) graph.set(file, imported);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    else if (!done.has(file)) {
      for (const other of graph.get(file) ?? []) visit(other, [...path, file]);
      done.add(file);
    }
  };
  for (const file of graph.keys()) visit(file, []);
  assertDeepEquals(circles, []);
});
