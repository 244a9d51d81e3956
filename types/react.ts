"use client";
/**
 * React hooks over a Groundwork client. The client is made once, outside of components. Where a hook is given null
 * instead of an id, its status is `idle`.
 *
 * @example
 * ```ts
 * function Talk({ id }: { id: string }) {
 *   const { messages, say } = useConversation(groundwork, id);
 *   // …
 * }
 * ```
 */
export type { ConversationState, Message } from "./conversation.ts";
export {
  type BackgroundQuery,
  type BackgroundQueryState,
  useBackgroundQuery,
} from "./use-background-query.ts";
export { type Conversation, useConversation } from "./use-conversation.ts";
export { type Presence, type PresenceState, usePresence } from "./use-presence.ts";
export { type Stream, type StreamState, useStream } from "./use-stream.ts";
