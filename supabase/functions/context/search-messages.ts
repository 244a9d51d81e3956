import { z } from "zod";
import { type Agent, claimsOf, type Person } from "../_shared/access/authentication.ts";
import { embedText } from "../_shared/embedding/embed-text.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { moment, readBody, uuid } from "../_shared/input.ts";

const body = z.strictObject({
  workspace_id: uuid.optional(),
  query: z.string().max(2000).regex(/\S/, { error: "must say something" }),
  conversations: z.array(uuid).min(1).max(100).optional(),
  agent_id: uuid.optional(),
  folder_id: uuid.optional(),
  since: moment.optional(),
  until: moment.optional(),
  limit: z.int().min(1).max(100).default(10),
});

/** A message's neighbour, shortened. */
interface Neighbour {
  id: string;
  role: string;
  text: string | null;
}

/** A message that was found, as it is answered. */
interface Found {
  message_id: string;
  client_id: string | null;
  conversation_id: string;
  title: string;
  role: string;
  said_at: string;
  passage: string;
  before: Neighbour | null;
  after: Neighbour | null;
  score: number;
  similarity: number | null;
}

/**
 * `POST /context/search`: messages of the conversations that the caller may read, by words, and by meaning where the
 * workspace chose so, each with its neighbours; within conversations, an agent, a folder, a time (`until` is
 * exclusive). `by_meaning` is false where only words were compared: the embedder is away.
 */
export async function searchMessages(
  context: RequestContext,
  caller: Person | Agent,
): Promise<Response> {
  const { database, embedder } = context.env;
  const asked = await readBody(context.req.raw, body);
  const embedding = await embedText(embedder, asked.query);
  const messages = await database.run(
    (sql) =>
      sql<Found[]>`
      select message_id, client_id, conversation_id, title, role,
        to_jsonb(said_at) #>> '{}' as said_at, passage, before, after, score, similarity
      from public.search_messages(
        ${asked.query}, ${asked.workspace_id ?? null},
        (select array_agg(id::uuid) from jsonb_array_elements_text(${
        sql.json(asked.conversations ?? [])
      }) as id),
        ${asked.agent_id ?? null}, ${asked.folder_id ?? null}, ${asked.since ?? null},
        ${asked.until ?? null}, ${asked.limit}, ${embedding}::text::extensions.halfvec,
        ${embedder.model})`,
    { as: claimsOf(caller) },
  );
  return answer({ messages, by_meaning: embedding !== null });
}
takes(searchMessages, { body });
