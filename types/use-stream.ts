import { useMemo } from "react";
import type { GroundworkClient } from "./client.ts";
import { readStream, stopStream, textOfChunk, textOfMessage } from "./streams.ts";
import type { StoredUIMessage } from "./ui-messages.ts";
import { run, useFollowed } from "./use-followed.ts";

/** What is heard of an answer. */
export interface StreamState {
  /** `refused`: it could not be read, and `error` says why. */
  status: "idle" | "reading" | "finished" | "failed" | "stopped" | "gone" | "refused";
  /** What was said until now, also of writers that say the AI SDK's chunks. */
  text: string;
  /** The whole message, where some of its chunks were lost. */
  message: StoredUIMessage | null;
  /** The id of the message that it has become. */
  message_id: string | null;
  error: Error | null;
}

/** An answer on its way. */
export interface Stream extends StreamState {
  /** Asks for its end. @throws RefusedError */
  stop(): Promise<void>;
}

const idle: StreamState = {
  status: "idle",
  text: "",
  message: null,
  message_id: null,
  error: null,
};

const unheard: StreamState = { ...idle, status: "reading" };

/**
 * An answer on its way, from its beginning, over however many connections.
 *
 * @param id null: none
 */
export function useStream(client: GroundworkClient, id: string | null): Stream {
  const state = useFollowed<StreamState>(client, id, id === null ? idle : unheard, (update) =>
    run(
      (signal) => readStream(client, id!, { signal }),
      (event) =>
        update((state) => {
          if (event.type === "chunk") {
            return { ...state, text: state.text + textOfChunk(event.text) };
          }
          if (event.type === "message") {
            return { ...state, text: textOfMessage(event.message), message: event.message };
          }
          const { status, message_id, error } = event;
          return { ...state, status, message_id, error: error === null ? null : new Error(error) };
        }),
      (error) => update((state) => ({ ...state, status: "refused", error })),
    ));
  const actions = useMemo(() => ({
    stop: async () => id === null ? undefined : await stopStream(client, id),
  }), [client, id]);
  return { ...state, ...actions };
}
