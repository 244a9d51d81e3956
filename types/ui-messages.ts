import type { Row } from "./client.ts";

/** What is stored of a message, in the form of the AI SDK's `UIMessage`. */
export interface StoredUIMessage {
  id: string;
  role: "system" | "user" | "assistant";
  metadata: unknown;
  parts: ({ type: string } & Record<string, unknown>)[];
}

/** The columns of a message that a UIMessage has. */
type Said = Pick<Row<"messages">, "id" | "role" | "metadata" | "parts"> & {
  client_id?: string | null;
};

/**
 * A page of `conversation_path`, which is newest first, as the AI SDK wants it: oldest first, each a
 * `UIMessage` under the id that its client gave it. Messages of the role `tool`, which the AI SDK keeps as parts of the
 * assistant's, are left out.
 *
 * @example
 * ```ts
 * const { data } = await groundwork.rpc("conversation_path", { message_id: leaf });
 * const messages = await validateUIMessages({ messages: toUIMessages(data ?? []) });
 * ```
 */
export function toUIMessages(page: Said[]): StoredUIMessage[] {
  return page.toReversed().flatMap(({ id, client_id, role, metadata, parts }) =>
    role === "tool" ? [] : [{ id: client_id ?? id, role, metadata, parts } as StoredUIMessage]
  );
}
