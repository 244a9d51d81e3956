import { type UIMessage, validateUIMessages } from "ai";
import { validateUIMessages as validateInSix } from "ai-6";
import { rejects } from "node:assert/strict";
import { createGroundworkClient } from "../../../types/client.ts";
import type { Json } from "../../../types/database.types.ts";
import { toUIMessages } from "../../../types/ui-messages.ts";
import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { environment } from "./world.ts";

/** Version 7 wants Node 22; on Node 20 one takes version 6. */
const validators: Record<string, (said: { messages: unknown[] }) => Promise<unknown[]>> = {
  "ai 6": validateInSix,
  "ai 7": validateUIMessages,
};

/** One part of every sort that the AI SDK knows, in a talk as its `useChat` holds it. */
const talk: UIMessage[] = [
  { id: crypto.randomUUID(), role: "system", parts: [{ type: "text", text: "Be brief." }] },
  {
    id: crypto.randomUUID(),
    role: "user",
    metadata: { sent_at: "2026-01-01T00:00:00Z", words: 2 },
    parts: [
      { type: "text", text: "What is this?" },
      {
        type: "file",
        mediaType: "image/png",
        filename: "a.png",
        url: "data:image/png;base64,AA==",
      },
      { type: "data-place", id: "1", data: { city: "Porto", at: [41.1, -8.6] } },
    ],
  },
  {
    id: crypto.randomUUID(),
    role: "assistant",
    parts: [
      { type: "step-start" },
      {
        type: "reasoning",
        text: "A picture …",
        state: "done",
        providerMetadata: { some: { signature: "x" } },
      },
      {
        type: "tool-look",
        toolCallId: "call 1",
        state: "output-available",
        input: { at: "a.png" },
        output: ["a cat", { sure: 0.9 }],
      },
      {
        type: "dynamic-tool",
        toolName: "search",
        toolCallId: "call 2",
        state: "output-error",
        input: { q: "cat" },
        errorText: "no network",
      },
      { type: "source-url", sourceId: "1", url: "https://example.com/cats", title: "Cats" },
      { type: "source-document", sourceId: "2", mediaType: "application/pdf", title: "On cats" },
      { type: "text", text: 'A cat: “Ünïcødé” \\ "quoted" \n 🐈', state: "done" },
    ],
  },
];

Deno.test({
  name: "UIMessages come back as they were, and the AI SDK's validators (6 and 7) accept them",
  sanitizeResources: false, // supabase-js keeps its connections and a timer
  sanitizeOps: false,
  async fn() {
    const options = { auth: { persistSession: false, autoRefreshToken: false } };
    const service = createGroundworkClient(
      environment.url,
      environment.secretKeys.default ?? "",
      options,
    );
    const { data: juan } = await service.from("profiles").select("user_id").eq(
      "email",
      "juan@acme.example",
    ).single();
    const { data: acme } = await service.from("workspaces").select("id").eq("slug", "acme")
      .single();
    const conversation = await service.from("conversations")
      .insert({ workspace_id: acme!.id, user_id: juan!.user_id }).select("id").single();
    assertEquals(conversation.error, null);
    let last = "";
    for (const { id, role, parts, metadata = {} } of talk) {
      const said: { data: { id: string } | null; error: unknown } = await service.rpc(
        "add_message",
        {
          conversation_id: conversation.data!.id,
          message_id: id,
          role,
          parts: parts as unknown as Json,
          metadata: metadata as Json,
        },
      );
      assertEquals(said.error, null, JSON.stringify(said.error));
      last = said.data!.id;
    }
    const { data: path } = await service.rpc("conversation_path", { message_id: last });
    const stored = toUIMessages(path ?? []);
    for (const [version, validate] of Object.entries(validators)) {
      const accepted = await validate({ messages: stored });
      assertDeepEquals(accepted, talk.map((message) => ({ metadata: {}, ...message })), version);
      // The validator can say no.
      await rejects(() => validate({ messages: [{ ...stored[0], parts: [{ type: "text" }] }] }));
    }
  },
});
