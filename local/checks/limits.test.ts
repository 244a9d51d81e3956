/** Every limit that code holds somebody to is a row, and every row is held to by code and told on the page. */
import { assertDeepEquals } from "../../supabase/functions/_shared/asserts.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, root));

/** The files below a folder with this ending, tests and packages of others left out. */
async function filesBelow(folder: string, ending: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (name === "node_modules" || name === "tests") continue;
    if (isDirectory) found.push(...await filesBelow(`${folder}${name}/`, ending));
    else if (name.endsWith(ending) && !name.endsWith(`.test${ending}`)) {
      found.push(`${folder}${name}`);
    }
  }
  return found;
}

const matchesOf = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([, name]) => name ?? "");
const sorted = (names: Iterable<string>) => [...new Set(names)].toSorted();

const sql = (await Promise.all((await filesBelow("supabase/migrations/", ".sql")).map(read))).join(
  "\n",
);
const functions = (await Promise.all((await filesBelow("supabase/functions/", ".ts")).map(read)))
  .join("\n");

const rows = sorted(matchesOf(sql, /private\.add_limit\(\s*'([a-z_]+)'/g));
const held = [
  // Named where somebody is held to them …
  /private\.(?:count_rows|count_acts|limit_waiting|take_slot|refuse_over_limit)\(\s*'([a-z_]+)'/g,
  /private\.count_against\([^;]*?'([a-z_]+)', -?\w/g,
  /private\.limit_of\([^,()]+,\s*'([a-z_]+)'/g,
  // … or by a case of the row.
  /then '(seats|guests)' else/g,
  /when 'guest' then '(guests)' else '(?:seats)'/g,
  /when 'guest' then 'guests' else '(seats)'/g,
].flatMap((pattern) => matchesOf(sql, pattern)).filter((name) => !/^(day|month|total)$/.test(name));
const heldByFunctions = [
  /\.(?:of|hold|holdEverywhere|during)\(\s*(?:[\w.]+,\s*)?"([a-z_]+)"/g,
  /const name = "([a-z_]+_at_once)"/g,
].flatMap((pattern) => matchesOf(functions, pattern)).filter((name) => name.includes("_"));

Deno.test("every limit that somebody is held to is a row", () => {
  assertDeepEquals(
    sorted([...held, ...heldByFunctions]).filter((name) => !rows.includes(name)),
    [],
  );
});

Deno.test("every row is a limit that somebody is held to", () => {
  const known = new Set([...held, ...heldByFunctions]);
  assertDeepEquals(rows.filter((name) => !known.has(name)), []);
});

Deno.test("every row is on the page", async () => {
  const page = sorted(matchesOf(await read("docs/limits.md"), /^\| `([a-z_]+)`/gm));
  assertDeepEquals(page, rows);
});
