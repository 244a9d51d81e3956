/** Adds, searches, lists and deletes with mem0's own Supabase store; prints what came back as JSON. */
import { register } from "node:module";

// mem0 imports better-sqlite3, a program to compile, for stores that are not used here.
register(
  "data:text/javascript," + encodeURIComponent(`
    export const resolve = (name, context, next) => name === "better-sqlite3"
      ? { url: "data:text/javascript,export default class {}", shortCircuit: true }
      : next(name, context);
  `),
);
globalThis.WebSocket ??= class {}; // Node 20 has none; nothing here needs one
console.log = console.error; // where mem0 says how it is
const { Memory } = await import("mem0ai/oss");

const [supabaseUrl, supabaseKey, baseURL, tableName, person] = process.argv.slice(2);
const memory = new Memory({
  embedder: { provider: "openai", config: { apiKey: "none", baseURL, model: "m" } },
  llm: { provider: "openai", config: { apiKey: "none", baseURL, model: "m" } },
  vectorStore: {
    provider: "supabase",
    config: { collectionName: tableName, tableName, supabaseUrl, supabaseKey, dimension: 1536 },
  },
  disableHistory: true,
});
const said = { userId: person, infer: false };
const filters = { user_id: person };
const texts = ({ results }) => results.map(({ memory }) => memory).sort();
try {
  await memory.add("Eats no meat.", said);
  const { results: [added] } = await memory.add("Travels by train.", said);
  const nearest = texts(await memory.search("How to travel?", { filters, topK: 1 }));
  const kept = texts(await memory.getAll({ filters }));
  const one = (await memory.get(added.id)).memory;
  await memory.delete(added.id);
  process.stdout.write(JSON.stringify({
    nearest,
    kept,
    one,
    left: texts(await memory.getAll({ filters })),
  }));
} catch (error) {
  process.stdout.write(JSON.stringify({ refused: error.message }));
}
