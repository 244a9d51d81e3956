/** What the hooks have in common: something is followed while a component is there. */
import { useEffect, useState } from "react";
import type { GroundworkClient } from "./client.ts";
import { asError } from "./conversation.ts";

/** Changes what a hook returns. */
export type Update<State> = (change: (state: State) => State) => void;

/** Follows something while a component is there. With another client or key it begins anew, from `initial`. */
export function useFollowed<State>(
  client: GroundworkClient,
  key: string | null,
  initial: State,
  follow: (update: Update<State>) => () => void,
): State {
  const [held, hold] = useState({ client, key, state: initial });
  useEffect(() => {
    if (key === null) return;
    let isCurrent = true;
    hold({ client, key, state: initial });
    const stop = follow((change) => {
      if (isCurrent) hold((held) => ({ ...held, state: change(held.state) }));
    });
    return () => {
      isCurrent = false;
      stop();
    };
    // What is followed is told by these two alone.
  }, [client, key]);
  return held.client === client && held.key === key ? held.state : initial;
}

/** Runs a generator until it is stopped. */
export function run<Event>(
  events: (signal: AbortSignal) => AsyncGenerator<Event>,
  onEvent: (event: Event) => void,
  onError: (error: Error) => void,
): () => void {
  const ending = new AbortController();
  (async () => {
    for await (const event of events(ending.signal)) onEvent(event);
  })().catch((error) => ending.signal.aborted || onError(asError(error)));
  return () => ending.abort();
}
