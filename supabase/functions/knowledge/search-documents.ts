import { z } from "zod";
import {
  type Agent,
  asAgent,
  type Person,
  type Service,
} from "../_shared/access/authentication.ts";
import { notFound } from "../_shared/errors.ts";
import { embedText } from "../_shared/embedding/embed-text.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readerOf } from "../_shared/http/reader.ts";
import { readBody, uuid } from "../_shared/input.ts";
import { path } from "./trees.ts";

const shape = {
  workspace_id: uuid,
  query: z.string().max(2000).regex(/\S/, { error: "must say something" }),
  within: path.optional(),
  tags: z.array(z.string().min(1).max(100)).min(1).max(20).optional(),
  limit: z.int().min(1).max(100).default(10),
};
const ofPerson = z.strictObject(shape);
const ofService = z.strictObject({ ...shape, user_id: uuid.optional() });

/** A passage that was found, as it is answered. */
interface Passage {
  chunk_id: string;
  document_id: string;
  path: string;
  name: string;
  heading: string | null;
  content: string;
  metadata: Record<string, unknown>;
  score: number;
  similarity: number | null;
}

/**
 * `POST /knowledge/search`: passages by words and by meaning, of what is shared and what is one's
 * own, inside of a path, under all of the tags. The service searches what is shared, or as the
 * person that it names. `by_meaning` is false where only words were compared.
 */
export async function searchDocuments(
  context: RequestContext,
  caller: Person | Service | Agent,
): Promise<Response> {
  const { embedder, memberships, replicas, standings } = context.env;
  const asked: z.output<typeof ofPerson> & { user_id?: string } = await readBody<
    typeof ofPerson | typeof ofService
  >(context.req.raw, caller.kind === "service" ? ofService : ofPerson);
  const person = caller.kind === "person" ? caller.userId : asked.user_id;
  if (person) await memberships.requireMember(person, asked.workspace_id);
  // The database would find nothing in another workspace, and not always say so: a plan may begin with what is not
  // there.
  if (caller.kind === "agent" && caller.claims.workspace_id !== asked.workspace_id) {
    throw notFound("The workspace");
  }
  const reader = await readerOf(
    context,
    () =>
      caller.kind === "agent"
        ? standings.ofAgent(caller, "knowledge:read")
        : person
        ? standings.ofMember(person, asked.workspace_id)
        : standings.ofItself(),
  );
  const embedding = await embedText(embedder, asked.query);
  const { rows: passages, headers } = await replicas.read<Passage[]>(reader, {
    build: (sql) =>
      sql<Passage[]>`
      select chunk_id, document_id, path, name, heading, content, metadata, score, similarity
      from public.search_documents(
        ${asked.workspace_id}, ${asked.query}, ${embedding}::text::extensions.halfvec,
        ${embedder.model}, ${asked.within ?? null}, 
        (select array_agg(tag) from jsonb_array_elements_text(${
        sql.json(asked.tags ?? [])
      }) as tag), ${asked.limit},
        ${person ?? null})
      order by score desc, similarity desc nulls last, chunk_id`,
    as: asAgent(caller),
  });
  return answer({ passages, by_meaning: embedding !== null }, 200, headers);
}
takes(searchDocuments, { body: [ofPerson, ofService] });
