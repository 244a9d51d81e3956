import { useMemo, useRef } from "react";
import type { GroundworkClient, Row } from "./client.ts";
import { asError } from "./conversation.ts";
import type { Json } from "./database.types.ts";
import { listenToTopic } from "./topics.ts";
import { useFollowed } from "./use-followed.ts";

/** A question that is answered later. */
export interface BackgroundQueryState {
  status: "idle" | "loading" | "ready" | "failed";
  /** The newest of its type in the conversation; null: none was asked. `progress` and `result` are its columns. */
  query: Row<"background_queries"> | null;
  /** Why it could not be read. */
  error: Error | null;
}

/** A question in the background, and how it is asked. */
export interface BackgroundQuery extends BackgroundQueryState {
  /** Asks, and returns the query's id. @throws with the code of docs/errors.md */
  ask(input: Json, dedupe_key?: string): Promise<number>;
  /** Takes it back. @throws with the code of docs/errors.md */
  cancel(): Promise<void>;
  /** Notes that the person has seen the result. @throws with the code of docs/errors.md */
  markSeen(): Promise<void>;
}

/**
 * The newest question of a type that the person has asked in a conversation, also before the page was reloaded.
 *
 * @param conversation null: none
 * @param type what workers of the queue `background_queries` know it by
 */
export function useBackgroundQuery(
  client: GroundworkClient,
  conversation: string | null,
  type: string,
): BackgroundQuery {
  const key = conversation === null ? null : `${conversation} ${type}`;
  const refresh = useRef<() => Promise<void>>(null);
  const initial: BackgroundQueryState = {
    status: key === null ? "idle" : "loading",
    query: null,
    error: null,
  };
  const state = useFollowed(client, key, initial, (update) => {
    let latest = 0;
    async function read(): Promise<void> {
      const turn = ++latest;
      const { data, error } = await client.from("background_queries").select()
        .eq("conversation_id", conversation!).eq("type", type).order("id", { ascending: false })
        .limit(1).maybeSingle();
      // What was asked for later is newer, whichever answer comes first.
      if (turn !== latest) return;
      update((before) =>
        error
          ? { ...before, status: "failed", error: asError(error) }
          : { status: "ready", query: data, error: null }
      );
    }
    refresh.current = read;
    read();
    return listenToTopic(client, `conversation:${conversation}`, {
      onJoined: read,
      onEvent: (event) => void (event === "background_query" && read()),
    });
  });
  const id = state.query?.id;
  const actions = useMemo(() => ({
    async ask(input: Json, dedupe_key?: string) {
      const { data } = await client.rpc("ask_in_background", {
        conversation_id: conversation!,
        type,
        input,
        ...(dedupe_key === undefined ? {} : { dedupe_key }),
      }).throwOnError();
      await refresh.current?.();
      return data;
    },
    async cancel() {
      if (id === undefined) return;
      await client.rpc("cancel_background_query", { query_id: id }).throwOnError();
      await refresh.current?.();
    },
    async markSeen() {
      if (id === undefined) return;
      await client.from("background_queries").update({ seen_at: new Date().toISOString() })
        .eq("id", id).throwOnError();
      await refresh.current?.();
    },
  }), [client, conversation, type, id]);
  return { ...state, ...actions };
}
