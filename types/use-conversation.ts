import { useMemo, useRef } from "react";
import type { GroundworkClient } from "./client.ts";
import {
  type ConversationState,
  followConversation,
  type FollowedConversation,
  type Message,
  unread,
} from "./conversation.ts";
import type { Json } from "./database.types.ts";
import { useFollowed } from "./use-followed.ts";

/** What `useConversation` returns. */
export interface Conversation extends ConversationState {
  /**
   * Says something as the person.
   *
   * @param said a text, or the parts of a UIMessage
   * @param how `instead_of` a message: an edit beside it; with a `message_id` of one's own, again is no second message
   * @throws with the code of docs/errors.md
   */
  say(
    said: string | Json[],
    how?: {
      message_id?: string;
      parent_id?: string;
      instead_of?: string;
      attachments?: Json;
      metadata?: Json;
    },
  ): Promise<Message>;
  /** Shows the branch of a message. @throws with the code of docs/errors.md */
  select(message_id: string): Promise<void>;
  /** Reads a page of older messages. */
  loadOlder(): Promise<void>;
  /** Reads it anew. */
  refresh(): Promise<void>;
}

const idle: ConversationState = { ...unread, status: "idle" };

/**
 * A conversation: the messages of the branch that is shown, as everybody's changes come.
 *
 * @param id null: none
 * @param options `pageSize`: how many messages are read at once, 1 to 1,000
 */
export function useConversation(
  client: GroundworkClient,
  id: string | null,
  { pageSize = 50 }: { pageSize?: number } = {},
): Conversation {
  const followed = useRef<FollowedConversation>(null);
  const state = useFollowed(client, id, id === null ? idle : unread, (update) => {
    const one = followConversation(client, id!, (state) => update(() => state), pageSize);
    followed.current = one;
    return one.stop;
  });
  const actions = useMemo(() => ({
    async say(said: string | Json[], how: Parameters<Conversation["say"]>[1] = {}) {
      const parts = typeof said === "string" ? [{ type: "text", text: said }] : said;
      const { data } = await client.rpc("add_message", { ...how, conversation_id: id!, parts })
        .throwOnError();
      await followed.current?.refresh();
      return data as Message;
    },
    async select(message_id: string) {
      await client.rpc("select_branch", { message_id, conversation_id: id! }).throwOnError();
      await followed.current?.refresh();
    },
    loadOlder: async () => await followed.current?.loadOlder(),
    refresh: async () => await followed.current?.refresh(),
  }), [client, id]);
  return { ...state, ...actions };
}
