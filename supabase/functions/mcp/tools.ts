/** The tools: what a model may call, each a route or a statement of the backend in the caller's name. */
import { z } from "zod";
import { notFound } from "../_shared/errors.ts";
import { checkContents, moment } from "../_shared/input.ts";
import { app as agents } from "../agents/index.ts";
import { app as connections } from "../connections/index.ts";
import { app as context } from "../context/index.ts";
import { app as knowledge } from "../knowledge/index.ts";
import { app as memory } from "../memory/index.ts";
import { askDatabase, askRoute, workspaceOf } from "./session.ts";
import { type Tool, tool } from "./tool.ts";
import { workTools } from "./work-tools.ts";

const workspace_id = z.uuid().optional().describe(
  "The workspace, where you belong to several; an agent has one.",
);
const limit = z.int().min(1).max(50).default(10);

const memoryTools = [
  tool({
    name: "recall",
    title: "Recall memories",
    description:
      "What is remembered of the person and fits the query, best first. Without a query, the weightiest.",
    scope: "memory:read",
    isReadOnly: true,
    input: z.object({ workspace_id, query: z.string().min(1).max(2000).optional(), limit }),
    async run(session, { workspace_id, ...asked }) {
      const body = { ...asked, workspace_id: await workspaceOf(session, workspace_id) };
      return await askRoute(session, memory, "POST", "/memory/search", body);
    },
  }),
  tool({
    name: "remember",
    title: "Remember a statement",
    description: "Remembers a statement about the person. The same statement twice is one memory.",
    scope: "memory:write",
    input: z.object({
      workspace_id,
      content: z.string().min(1).max(4000),
      category: z.enum(["personal", "project", "preference", "decision", "knowledge"]).default(
        "knowledge",
      ),
      subject: z.string().min(1).max(200).optional().describe(
        "What it is about, e.g. home_city: of a subject one memory is valid.",
      ),
    }),
    async run(session, { workspace_id, ...said }) {
      const body = { ...said, workspace_id: await workspaceOf(session, workspace_id) };
      return await askRoute(session, memory, "POST", "/memory", body);
    },
  }),
  tool({
    name: "forget",
    title: "Forget a memory",
    description: "Deletes a memory and what it superseded, for good.",
    scope: "memory:write",
    isDestructive: true,
    input: z.object({ id: z.uuid() }),
    run: (session, { id }) => askRoute(session, memory, "DELETE", `/memory/${id}`),
  }),
];

const longestPiece = 20_000;
const longestDocument = 1_000_000;
const documentTools = [
  tool({
    name: "search_documents",
    title: "Search documents",
    description: "Passages of documents by words and by meaning, best first.",
    scope: "knowledge:read",
    isReadOnly: true,
    input: z.object({
      workspace_id,
      query: z.string().min(1).max(2000),
      within: z.string().max(1000).optional().describe("Only below this path, e.g. handbook.leave"),
      limit,
    }),
    async run(session, { workspace_id, ...asked }) {
      const body = { ...asked, workspace_id: await workspaceOf(session, workspace_id) };
      return await askRoute(session, knowledge, "POST", "/knowledge/search", body);
    },
  }),
  tool({
    name: "read_document",
    title: "Read a document",
    description:
      `A document's text, at most ${longestPiece} characters at once: next_offset is where the rest begins, ` +
      "null at the end.",
    scope: "knowledge:read",
    isReadOnly: true,
    input: z.object({
      id: z.uuid(),
      offset: z.int().min(0).max(longestDocument).default(0),
      length: z.int().min(1).max(longestPiece).default(longestPiece),
    }),
    async run(session, { id, offset, length }) {
      const [document] = await askDatabase(
        session,
        (sql) =>
          sql<{ content: string; characters: number }[]>`
          select id, workspace_id, path::text, name, length(content) as characters,
            substr(content, ${offset + 1}::integer, ${length}::integer) as content
          from public.documents where id = ${id}`,
      );
      if (!document) throw notFound("The document");
      // Postgres counts characters, and a string here halves of some.
      const next = offset + [...document.content].length;
      return { ...document, next_offset: next < document.characters ? next : null };
    },
  }),
  tool({
    name: "put_document",
    title: "Put a document",
    description: "Puts a text at a path, over what is there. It is found by searches soon after.",
    scope: "knowledge:write",
    isDestructive: true,
    input: z.object({
      workspace_id,
      path: z.string().min(1).max(1000).describe("Labels joined by dots, e.g. handbook.leave"),
      name: z.string().min(1).max(300).optional(),
      content: z.string().max(longestDocument),
    }),
    async run(session, { workspace_id, ...document }) {
      checkContents(document);
      const { path, name, content } = document;
      const workspace = await workspaceOf(session, workspace_id);
      const [put] = await askDatabase(
        session,
        (sql) =>
          sql<{ id: string; is_new: boolean; is_changed: boolean }[]>`
          select id, is_new, is_changed
          from public.put_document(${workspace}, ${path}, ${content}, ${name ?? null})`,
        "write",
      );
      return put ?? {};
    },
  }),
];

const messageTools = [
  tool({
    name: "search_messages",
    title: "Search messages",
    description:
      "What was said in the person's conversations, by words and by meaning, best first, each with its neighbours.",
    scope: "conversations:read",
    isReadOnly: true,
    input: z.object({
      workspace_id,
      query: z.string().min(1).max(2000),
      conversation_id: z.uuid().optional().describe("Only in this conversation"),
      since: moment.optional().describe(
        "Only what was said from then on",
      ),
      until: moment.optional().describe("Only what was said before"),
      limit,
    }),
    async run(session, { workspace_id, conversation_id, ...asked }) {
      return await askRoute(session, context, "POST", "/context/search", {
        ...asked,
        workspace_id: await workspaceOf(session, workspace_id),
        ...(conversation_id ? { conversations: [conversation_id] } : {}),
      });
    },
  }),
];

const otherTools = [
  tool({
    name: "list_agents",
    title: "List agents",
    description: "The agents that you may use, by name; next_cursor is where the rest begins.",
    scope: null,
    isReadOnly: true,
    input: z.object({ cursor: z.string().max(500).optional(), limit }),
    run(session, { cursor, limit }) {
      const query = new URLSearchParams({ limit: String(limit), ...(cursor ? { cursor } : {}) });
      return askRoute(session, agents, "GET", `/agents?${query}`);
    },
  }),
  tool({
    name: "ask_in_background",
    title: "Ask in the background",
    description:
      "Asks something in a conversation that is answered later; the answer is in background_queries.",
    scope: null,
    input: z.object({
      conversation_id: z.uuid(),
      type: z.string().min(1).max(100),
      input: z.record(z.string(), z.json()).default({}),
    }),
    async run(session, { conversation_id, type, input }) {
      checkContents({ type, input });
      const [asked] = await askDatabase(
        session,
        (sql) =>
          sql<{ id: number }[]>`
          select public.ask_in_background(${conversation_id}, ${type}, ${
            sql.json(input as never)
          }) as id`,
        "write",
      );
      return asked ?? {};
    },
  }),
  tool({
    name: "use_connection",
    title: "Use a connected account",
    description:
      "An access token of an account that the person connected. Each is an entry in the audit log.",
    scope: "connections:use",
    isForAgentsOnly: true,
    input: z.object({ connection_id: z.uuid(), reason: z.string().min(1).max(200) }),
    run: (session, { connection_id, reason }) =>
      askRoute(
        session,
        connections,
        "GET",
        `/connections/${connection_id}/token?${new URLSearchParams({ reason })}`,
      ),
  }),
];

/** All tools that there are. */
export const tools: readonly Tool[] = [
  ...memoryTools,
  ...documentTools,
  ...messageTools,
  ...otherTools,
  ...workTools,
];
