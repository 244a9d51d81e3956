/** Adds, searches and filters with LangChain's own SupabaseVectorStore; prints what came back as JSON. */
import { SupabaseHybridSearch } from "@langchain/community/retrievers/supabase";
import { SupabaseVectorStore } from "@langchain/community/vectorstores/supabase";
import { Embeddings } from "@langchain/core/embeddings";
import { createClient } from "@supabase/supabase-js";

const [url, key, token, mark] = process.argv.slice(2);

/** Knows three topics, each a direction. */
class Topics extends Embeddings {
  embedQuery(text) {
    const place = ["leave", "pay", "travel"].findIndex((topic) => text.includes(topic));
    return Promise.resolve(Array.from({ length: 384 }, (_, i) => i === place ? 1 : 0.01));
  }
  embedDocuments(texts) {
    return Promise.all(texts.map((text) => this.embedQuery(text)));
  }
}

const client = createClient(url, key, {
  auth: { persistSession: false },
  realtime: { transport: globalThis.WebSocket ?? class {} }, // Node 20 has none; nothing here needs one
  global: { headers: { Authorization: `Bearer ${token}` } },
});
const store = new SupabaseVectorStore(new Topics({}), {
  client,
  tableName: "document_chunks",
  queryName: "match_documents",
});
const ids = await store.addDocuments([
  { pageContent: `${mark}: thirty days of leave`, metadata: { mark, team: "hr" } },
  { pageContent: `${mark}: pay day is the last`, metadata: { mark, team: "finance" } },
  { pageContent: `${mark}: travel by train`, metadata: { mark, team: "finance" } },
]);
const [first] = ids;
await store.addDocuments([
  { pageContent: `${mark}: forty days of leave`, metadata: { mark, team: "hr" } },
], { ids: [first] });
/** What the store says when it is set otherwise. */
const refusal = (settings, dimensions) => {
  const long = new Topics({});
  long.embedQuery = () => Promise.resolve(Array.from({ length: dimensions }, () => 0.1));
  const other = new SupabaseVectorStore(long, {
    client,
    queryName: "match_documents",
    ...settings,
  });
  const document = { pageContent: `${mark}: elsewhere`, metadata: { mark } };
  return [other.addDocuments([document]), other.similaritySearch("leave", 1)]
    .map((asked) => asked.then(() => "taken", ({ message }) => message));
};
/** Words and vectors, by the names that this client has of itself. */
const hybrid = new SupabaseHybridSearch(new Topics({}), {
  client,
  tableName: "document_chunks",
  similarityK: 1,
  keywordK: 1,
});
const contents = (documents) => documents.map(({ pageContent }) => pageContent);
const scored = await store.similaritySearchWithScore("leave", 1, { mark });
console.log(JSON.stringify({
  ids: ids.length,
  nearest: contents(await store.similaritySearch("leave", 1)),
  filtered: contents(await store.similaritySearch("leave", 3, { mark, team: "finance" })).sort(),
  scored: scored.map(([{ pageContent, metadata }, score]) => [pageContent, metadata.team, score]),
  retrieved: contents(await store.asRetriever({ k: 1, filter: { mark } }).invoke("travel")),
  diverse:
    contents(await store.maxMarginalRelevanceSearch("pay", { k: 2, fetchK: 3, filter: { mark } }))
      .length,
  hybrid: contents(await hybrid.invoke("leave, travel by train")).sort(),
  refused: await Promise.all([
    refusal({ tableName: "documents" }, 384)[0],
    ...refusal({ tableName: "document_chunks" }, 1536),
  ]),
}));
