/** What can be read without calling a tool: documents by their paths, conversations, and the prompt of one. */
import {
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  ResourceTemplate,
  type ScopeChallengeHandler,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { ApiError } from "../_shared/errors.ts";
import { app as context } from "../context/index.ts";
import { askDatabase, askRoute, type Session } from "./session.ts";

const pageSize = 50;
/** Characters of a document that are read at once; read_document reads the rest. */
const longest = 100_000;

interface Listed {
  id: string;
  workspace_id: string;
  path: string;
  name: string;
  is_own: boolean;
}

// A path may have letters of any language, and a URI has none but English ones.
const uriOf = ({ workspace_id, path, is_own }: Listed) =>
  `groundwork://documents/${workspace_id}/${is_own ? "own" : "shared"}/${encodeURIComponent(path)}`;

/** The path that a URI names; null where it names none that a document could have. */
function pathOf(named: unknown): string | null {
  try {
    const path = decodeURIComponent(String(named));
    return path.includes("\0") ? null : path;
  } catch {
    return null;
  }
}

/** Lists documents, a page at a time: a cursor is the last id that was listed. */
async function listDocuments(session: Session, cursor: string | undefined) {
  const after = z.uuid().safeParse(cursor ?? "00000000-0000-0000-0000-000000000000").data;
  if (after === undefined) {
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      "cursor: is not one that was given out",
    );
  }
  const found = await askDatabase(
    session,
    (sql) =>
      sql<Listed[]>`
      select id, workspace_id, path::text, name, user_id is not null as is_own
      from public.documents where id > ${after} order by id limit ${pageSize + 1}`,
  );
  const page = found.slice(0, pageSize);
  return {
    resources: page.map((document) => ({
      uri: uriOf(document),
      name: document.path,
      title: document.name,
      mimeType: "text/markdown",
    })),
    ...(found.length > pageSize ? { nextCursor: page.at(-1)?.id } : {}),
  };
}

async function readDocument(session: Session, uri: URL, place: Record<string, unknown>) {
  const workspace = z.uuid().safeParse(place.workspace).data;
  const path = pathOf(place.path);
  const isOne = workspace !== undefined && path !== null &&
    (place.tree === "own" || place.tree === "shared");
  const [document] = !isOne ? [] : await askDatabase(
    session,
    (sql) =>
      sql<{ content: string }[]>`
      select left(content, ${longest}) as content from public.documents
      where workspace_id = ${workspace} and path::text = ${path}
        and (user_id is not null) = ${place.tree === "own"}`,
  );
  if (!document) throw new ResourceNotFoundError(uri.href);
  return { contents: [{ uri: uri.href, mimeType: "text/markdown", text: document.content }] };
}

/** Characters of a conversation, the newest message whole or not: a resource is read in one piece. */
const longestConversation = 200_000;

async function readConversation(session: Session, uri: URL, id: unknown) {
  const conversation = z.uuid().safeParse(id).data;
  const said = conversation === undefined ? [] : await askDatabase(
    session,
    (sql) =>
      sql<{ role: string; text: string }[]>`
      select told.role, told.text
      from (
        select said.role, said.ordinality, left(words.text, ${longestConversation}::integer) as text,
          sum(length(words.text)) over (order by said.ordinality) as total
        from public.conversations as talk
        cross join lateral public.conversation_path(talk.active_message_id, 50) with ordinality as said
        cross join lateral (
          select coalesce(string_agg(part ->> 'text', '' order by place), '') as text
          from jsonb_array_elements(said.parts::jsonb) with ordinality as part (part, place)
        ) as words
        where talk.id = ${conversation}
      ) as told
      where told.ordinality = 1 or told.total <= ${longestConversation}
      order by told.ordinality desc`,
  );
  if (said.length === 0) throw new ResourceNotFoundError(uri.href);
  const text = said.map(({ role, text }) => `**${role}**\n\n${text}`).join("\n\n");
  return { contents: [{ uri: uri.href, mimeType: "text/markdown", text }] };
}

/** What a route refused, as an error of MCP: with our code beside our words. */
function asProtocolError(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.status >= 500) return error;
  const { code, message, hint } = error;
  const data = { error: { code, message, ...(hint ? { hint } : {}) } };
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message, data);
}

/** Registers resources and prompts for one request. `challenge` asks an agent for scopes that it lacks. */
export function registerResources(
  server: McpServer,
  session: Session,
  challenge: (...scopes: [string, ...string[]]) => ScopeChallengeHandler,
): void {
  server.registerResource(
    "document",
    new ResourceTemplate("groundwork://documents/{workspace}/{tree}/{path}", { list: undefined }),
    {
      title: "Documents",
      description: "A document by its path; tree is shared or own.",
      mimeType: "text/markdown",
      scopeChallenge: challenge("knowledge:read"),
    },
    (uri, place) => readDocument(session, uri, place),
  );
  server.registerResource(
    "conversation",
    new ResourceTemplate("groundwork://conversations/{id}", { list: undefined }),
    {
      title: "Conversations",
      description:
        `The newest messages of the branch that is shown, at most 50 and ${longestConversation} characters.`,
      mimeType: "text/markdown",
      scopeChallenge: challenge("conversations:read"),
    },
    (uri, { id }) => readConversation(session, uri, id),
  );
  // The server's own list knows no pages.
  server.server.setRequestHandler(
    "resources/list",
    ({ params }) => listDocuments(session, params?.cursor),
  );
  server.registerPrompt(
    "context",
    {
      title: "The prompt of a conversation",
      description:
        "What a model is told to answer next: profile, memories, messages, within a budget.",
      argsSchema: z.object({
        conversation_id: z.uuid(),
        budget: z.string().regex(/^[0-9]{3,7}$/).optional(),
      }),
      scopeChallenge: challenge("conversations:read", "memory:read"),
    },
    async ({ conversation_id, budget }) => {
      const path = `/context/${conversation_id}${budget ? `?budget=${budget}` : ""}`;
      const { messages } = await askRoute(session, context, "GET", path).catch((error) => {
        throw asProtocolError(error);
      });
      return { messages: (messages as Prompted[]).map(asMessage) };
    },
  );
}

interface Prompted {
  role: string;
  content?: string;
  parts?: { type: string; text?: string }[];
}

/** MCP knows the person and the assistant: instructions are told as the person's. What is no text is told as JSON. */
function asMessage({ role, content, parts = [] }: Prompted) {
  const text = content ?? parts.map((part) => part.text ?? JSON.stringify(part)).join("\n");
  return {
    role: role === "assistant" ? "assistant" as const : "user" as const,
    content: { type: "text" as const, text },
  };
}
