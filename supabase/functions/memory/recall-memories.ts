import { z } from "zod";
import {
  type Agent,
  asAgent,
  type Person,
  type Service,
} from "../_shared/access/authentication.ts";
import { inBackground } from "../_shared/background.ts";
import type { Sql } from "../_shared/database.ts";
import { embedText } from "../_shared/embedding/embed-text.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readerOf } from "../_shared/http/reader.ts";
import { readBody, uuid } from "../_shared/input.ts";

const shape = {
  workspace_id: uuid,
  query: z.string().min(1).max(2000).optional(),
  agent_id: uuid.optional(),
  categories: z.array(z.enum(["personal", "project", "preference", "decision", "knowledge"]))
    .min(1).max(5).optional(),
  kind: z.enum(["profile", "fact"]).optional(),
  limit: z.int().min(1).max(100).default(10),
};
const ofPerson = z.strictObject(shape);
const ofService = z.strictObject({ ...shape, user_id: uuid });

/** A recalled memory, as it is answered. */
interface Recalled {
  id: string;
  kind: string;
  category: string;
  tier: string;
  subject: string | null;
  content: string;
  confidence: number;
  score: number;
  similarity: number | null;
  valid_from: string;
  confirmed_at: string;
}

/**
 * `POST /memory/search`: what is remembered of oneself and fits, best first; without a query the
 * weightiest. `by_meaning` is false where only words were compared: the embedder is away.
 */
export async function recallMemories(
  context: RequestContext,
  caller: Person | Service | Agent,
): Promise<Response> {
  const { database, embedder, replicas, standings } = context.env;
  const asked: z.output<typeof ofPerson> & { user_id?: string } = await readBody<
    typeof ofPerson | typeof ofService
  >(context.req.raw, caller.kind === "service" ? ofService : ofPerson);
  const person = caller.kind === "person" ? caller.userId : asked.user_id ?? null;
  const reader = await readerOf(
    context,
    () =>
      caller.kind === "agent"
        ? standings.ofAgent(caller, "memory:read")
        : person
        ? standings.ofMember(person, asked.workspace_id)
        : standings.ofItself(),
  );
  const embedding = await embedText(embedder, asked.query);
  const recall = (body: "public" | "private") => (sql: Sql) =>
    sql<Recalled[]>`
      select id, kind, category, tier, subject, content, confidence, score, similarity,
        to_jsonb(valid_from) #>> '{}' as valid_from, to_jsonb(confirmed_at) #>> '{}' as confirmed_at
      from ${sql(`${body}.recall`)}(
        ${asked.workspace_id}, ${asked.query ?? null}, ${embedding}::text::extensions.halfvec,
        ${embedder.model}, ${asked.agent_id ?? null},
        (select array_agg(c) from jsonb_array_elements_text(${
      sql.json(asked.categories ?? [])
    }) as c), ${asked.kind ?? null}, ${asked.limit}, ${person})
      order by score desc, id`;
  const as = asAgent(caller);
  const { rows: memories, isFromReplica, headers } = await replicas.read<Recalled[]>(reader, {
    build: recall("private"),
    onPrimary: recall("public"),
    as,
  });
  if (isFromReplica && memories.length > 0) {
    // What public.recall does itself, and a replica cannot.
    const note = database.run((sql) =>
      sql`select private.note_recall(${asked.workspace_id},
        coalesce(${person}::text::uuid, private.current_user_id('memory:read')),
        (select array_agg(id::uuid) from jsonb_array_elements_text(${
        sql.json(memories.map(({ id }) => id))
      }) as id))`, { as });
    inBackground("noting what was recalled", note);
  }
  return answer({ memories, by_meaning: embedding !== null }, 200, headers);
}
takes(recallMemories, { body: [ofPerson, ofService] });
