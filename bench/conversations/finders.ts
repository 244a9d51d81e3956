import MiniSearch from "minisearch";
import type postgres from "postgres";
import type { Question } from "./reading.ts";
import type { Stored } from "./storing.ts";

/** A way of finding what answers a question: ids of turns, best first, at most twenty. */
export interface Finder {
  name: string;
  /** What its ids are of. */
  finds: "turns" | "memories" | "messages";
  /** Prepares for one conversation; what it returns is what is timed. */
  prepare(
    sql: postgres.Sql,
    stored: Stored,
  ): Promise<(asked: Question, vector: string) => Promise<string[]> | string[]>;
}

const most = 20;

/** BM25+ as MiniSearch has it by default: k = 1.2, b = 0.7, d = 0.5, any of the words. */
function bm25(name: string, lexemesOf: (sql: postgres.Sql, texts: string[]) => Promise<string[]>) {
  return {
    name,
    finds: "turns" as const,
    async prepare(sql: postgres.Sql, { turns, questions }: Stored) {
      const index = new MiniSearch({ fields: ["content"], tokenize });
      const contents = await lexemesOf(sql, turns.map(({ content }) => content));
      index.addAll(turns.map(({ id }, place) => ({ id, content: contents[place] })));
      const texts = questions.map(({ question }) => question);
      const asked = await lexemesOf(sql, texts);
      const read = new Map(texts.map((text, place) => [text, asked[place] ?? ""]));
      return ({ question }: Question) =>
        index.search(read.get(question) ?? "", { combineWith: "OR" }).slice(0, most)
          .map(({ id }) => String(id));
    },
  };
}

const tokenize = (text: string) => text.match(/[\p{L}\p{N}]+/gu) ?? [];

/** Each text as the stems that Postgres makes of it, stop words left out. */
async function stemmed(sql: postgres.Sql, texts: string[]): Promise<string[]> {
  const rows = await sql<{ stems: string }[]>`
    select (select string_agg(word.lexeme, ' ' order by place)
      from unnest(to_tsvector('english', said.content)) as word, unnest(word.positions) as place) as stems
    from unnest(${texts}::text[]) with ordinality as said (content, place) order by said.place`;
  return rows.map(({ stems }) => stems ?? "");
}

const asRows = (rows: { id: string }[]) => rows.map(({ id }) => id);

/** What is stored as memories, by statements: `$1` workspace, `$2` person, `$3` question, `$4` vector. */
function statement(name: string, text: string): Finder {
  return {
    name,
    finds: "memories",
    prepare(sql, { workspaceId, personId, model }) {
      return Promise.resolve(async ({ question }, vector) =>
        asRows(
          await sql.unsafe(text, [workspaceId, personId, question, vector, model], {
            prepare: true,
          }),
        )
      );
    },
  };
}

/** All that is compared. The one that `recall` used to be is in `rivals.sql`. */
export const FINDERS: Finder[] = [
  bm25("BM25 (MiniSearch, as it comes)", (_, texts) => Promise.resolve(texts)),
  bm25("BM25 (MiniSearch, stemmed)", stemmed),
  statement(
    "plain vectors",
    `select id from public.memories where workspace_id = $1 and user_id = $2 and valid_to is null
      and $3::text is not null and embedding_model = $5
      order by embedding operator(extensions.<=>) $4::text::extensions.halfvec, id limit ${most}`,
  ),
  statement(
    "full text (ts_rank)",
    `select m.id from public.memories as m, bench.any_word($3) as words where m.workspace_id = $1
      and m.user_id = $2 and m.valid_to is null and $4::text is not null and $5::text is not null
      and m.content_tsv @@ words order by ts_rank(m.content_tsv, words) desc, m.id limit ${most}`,
  ),
  statement(
    "recall as it was before decision 27",
    `select id from bench.recall_as_equals($1, $3, $4::text::extensions.halfvec, $5, ${most}, $2)`,
  ),
  statement(
    "recall",
    `select id from private.recall($1, $3, $4::text::extensions.halfvec, $5, null, null, null, ${most}, $2)`,
  ),
];
