import { deepStrictEqual } from "node:assert";

const PROJECT = new URL("../../", import.meta.url);

/** Codes that are raised in SQL, and those that the functions answer themselves. */
async function findRaised(): Promise<Set<string>> {
  const raised = new Set<string>();
  for await (const { path, text } of readSources("supabase/migrations", /\.sql$/)) {
    for (const [, code] of text.matchAll(/raise_error\(\s*'([a-z_]+)'/g)) raised.add(code ?? path);
  }
  for await (const { path, text } of readSources("supabase/functions", /(?<!\.test)\.ts$/)) {
    if (path.includes("/tests/")) continue;
    for (const [, code] of text.matchAll(/(?:\(\s*[45]\d\d,\s*|badBody\(\s*)"([a-z_]+)"/g)) {
      raised.add(code ?? path);
    }
  }
  return raised;
}

async function* readSources(
  folder: string,
  wanted: RegExp,
): AsyncGenerator<{ path: string; text: string }> {
  for await (const entry of Deno.readDir(new URL(folder, PROJECT))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* readSources(path, wanted);
    else if (wanted.test(path)) {
      yield { path, text: await Deno.readTextFile(new URL(path, PROJECT)) };
    }
  }
}

Deno.test("docs/errors.md registers exactly the codes that are raised", async () => {
  const page = await Deno.readTextFile(new URL("docs/errors.md", PROJECT));
  const registered = [...page.matchAll(/^\| `([a-z_]+)` +\|/gm)].map(([, code]) => code ?? "");
  const raised = await findRaised();
  deepStrictEqual(registered.toSorted(), [...raised].toSorted());
});

Deno.test("docs/errors.md is in alphabetical order and names each code once", async () => {
  const page = await Deno.readTextFile(new URL("docs/errors.md", PROJECT));
  const registered = [...page.matchAll(/^\| `([a-z_]+)` +\|/gm)].map(([, code]) => code ?? "");
  deepStrictEqual(registered, [...new Set(registered)].toSorted());
});
