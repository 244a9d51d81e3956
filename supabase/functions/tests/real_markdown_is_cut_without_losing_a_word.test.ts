/** Cutting, on Markdown that people wrote: the READMEs and change logs of the packages that are installed here. */
import { assert, assertDeepEquals } from "../_shared/asserts.ts";
import { connect } from "./world.ts";

const packages = new URL("../../../node_modules/", import.meta.url);
const mostDocuments = 60;
const longestDocument = 150_000;
/** Longer runs without a space are data, such as pictures in an address, and are cut anywhere. */
const data = /\S{100,}/g;

async function findMarkdown(folder: URL, depth = 0): Promise<URL[]> {
  const found: URL[] = [];
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    if (isFile && /\.md$/i.test(name)) found.push(new URL(encodeURIComponent(name), folder));
    if (isDirectory && depth < 2 && name !== "node_modules") {
      found.push(...await findMarkdown(new URL(`${encodeURIComponent(name)}/`, folder), depth + 1));
    }
  }
  return found.sort((one, other) => one.href < other.href ? -1 : 1);
}

/** Numbers from a seed (mulberry32), so that a failure can be had again. */
function drawFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** How often each word is there. */
function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of text.split(/[^\p{L}\p{N}]+/u)) {
    if (word !== "") counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

Deno.test("the words of the passages of real documents are the words of the documents", async () => {
  const seed = Number(Deno.env.get("GROUNDWORK_TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  const draw = drawFrom(seed);
  const all = await findMarkdown(packages);
  assert(all.length > mostDocuments, `only ${all.length} documents`);
  const chosen = all.map((url) => ({ url, place: draw() }))
    .sort((one, other) => one.place - other.place).slice(0, mostDocuments);
  const sql = connect();
  try {
    for (const { url } of chosen) {
      const whole = (await Deno.readTextFile(url)).slice(0, longestDocument).toWellFormed()
        .replaceAll("\0", "");
      const budget = draw() < 0.5 ? 256 : 32;
      const passages = await sql<{ heading: string | null; content: string }[]>`
        select heading, content from private.split_text(${whole}, ${budget}) order by ordinal`;
      const written = countWords(whole.replaceAll(data, " "));
      const kept = countWords(
        passages.map(({ heading, content }) => `${heading ?? ""}\n${content}`).join("\n"),
      );
      const where = `${url.pathname} cut at ${budget}, seed ${seed}`;
      const lost = [...written].filter(([word, times]) => (kept.get(word) ?? 0) < times);
      const made = [...kept.keys()].filter((word) => !whole.includes(word));
      assertDeepEquals({ lost, made }, { lost: [], made: [] }, where);
    }
  } finally {
    await sql.end();
  }
});
