import type postgres from "postgres";
import type { Embedder } from "../../supabase/functions/_shared/embedding/embedder.ts";
import type { Conversation, Turn } from "./reading.ts";

/** A conversation in the database: whose it is, and under which ids its turns are found. */
export interface Stored extends Conversation {
  workspaceId: string;
  personId: string;
  conversationId: string;
  model: string;
  /** Of each turn the memory; turns that say the same are one. */
  memories: Map<string, string>;
  /** Of each turn the message. */
  messages: Map<string, string>;
  /** Of each question its vector. */
  vectors: Map<string, string>;
}

async function embedAll(embedder: Embedder, texts: string[]): Promise<string[]> {
  const vectors: string[] = [];
  for (let at = 0; at < texts.length; at += 64) {
    const made = await embedder.embed(texts.slice(at, at + 64));
    vectors.push(...made.map((vector) => JSON.stringify(vector)));
  }
  return vectors;
}

/** The person, the workspace and an empty conversation. */
async function makeRoom(sql: postgres.Sql, { name }: Conversation) {
  const personId = crypto.randomUUID();
  const workspaceId = crypto.randomUUID();
  const conversationId = crypto.randomUUID();
  await sql`insert into auth.users (id, email) values (${personId}, ${`c${name}@example.com`})`;
  await sql`insert into public.workspaces (id, name, slug) values (${workspaceId}, 'W', ${`conversation-${name}`})`;
  await sql`insert into public.members (workspace_id, user_id, role) values (${workspaceId}, ${personId}, 'member')`;
  await sql`
    insert into public.conversations (id, workspace_id, user_id)
    values (${conversationId}, ${workspaceId}, ${personId})`;
  return { personId, workspaceId, conversationId };
}

/** Puts a conversation in twice: as what was said, and each turn as a memory of the person. */
export async function storeConversation(
  sql: postgres.Sql,
  embedder: Embedder,
  conversation: Conversation,
): Promise<Stored> {
  const room = await makeRoom(sql, conversation);
  const memories = new Map<string, string>();
  const messages = new Map<string, string>();
  const made = await embedAll(embedder, conversation.turns.map(({ content }) => content));
  await sql.begin(async (transaction) => {
    for (const [place, turn] of conversation.turns.entries()) {
      const message = await say(transaction, room.conversationId, turn, conversation.speakers);
      messages.set(turn.id, message);
      const [remembered] = await transaction<{ id: string }[]>`
        select id from private.remember(
          ${room.workspaceId}, ${turn.content}, source_kind => 'user_message',
          source_message_id => ${message}, embedding => ${
        made[place] ?? ""
      }::text::extensions.halfvec,
          embedding_model => ${embedder.model}, valid_from => ${turn.saidAt}, user_id => ${room.personId})`;
      memories.set(turn.id, remembered?.id ?? "");
    }
  });
  const questions = conversation.questions.map(({ question }) => question);
  const asked = await embedAll(embedder, questions);
  const vectors = new Map(questions.map((question, place) => [question, asked[place] ?? ""]));
  return { ...conversation, ...room, model: embedder.model, memories, messages, vectors };
}

async function say(
  sql: postgres.TransactionSql,
  conversationId: string,
  turn: Turn,
  speakers: string[],
) {
  const parts = [{ type: "text", text: turn.content }];
  const role = turn.speaker === speakers[0] ? "user" : "assistant";
  const [said] = await sql<{ id: string }[]>`
    select id from public.add_message(${conversationId}, ${sql.json(parts)}, ${role})`;
  return said?.id ?? "";
}
