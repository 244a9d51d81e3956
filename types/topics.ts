/** The private topics of the database, each joined once however many parts of a page listen. */
import type { RealtimeChannel } from "@supabase/supabase-js";
import type { GroundworkClient } from "./client.ts";
import { createShared } from "./shared.ts";

/** Somebody who listens. */
export interface TopicListener {
  /** Joined, at first or again, or a moment after the last event: read now. What is heard from then on comes after. */
  onJoined: () => void;
  onEvent: (event: string, payload: { id?: string | number }) => void;
}

interface Topic {
  client: GroundworkClient;
  listeners: Set<TopicListener>;
  isJoined: boolean;
  channel: RealtimeChannel | null;
  isClosed: boolean;
  again?: ReturnType<typeof setTimeout>;
}

/** Milliseconds until a channel that the server has closed is joined again. */
const pause = 5_000;
/**
 * Milliseconds after the last event until everything is read once more: an event comes out of the database's log, and
 * that has a transaction a moment before others see it.
 */
const settling = 1_000;

const share = createShared<GroundworkClient, Topic>(
  (client, name, closed) => {
    const topic: Topic = {
      client,
      listeners: new Set(),
      isJoined: false,
      channel: null,
      isClosed: false,
    };
    closed.then(() => join(topic, name));
    return topic;
  },
  async (topic) => {
    topic.isClosed = true;
    if (topic.channel) await topic.client.removeChannel(topic.channel);
  },
);

async function join(topic: Topic, name: string): Promise<void> {
  const { client, listeners } = topic;
  await client.realtime.setAuth();
  if (topic.isClosed) return;
  const channel = client.channel(name, { config: { private: true } });
  topic.channel = channel;
  const read = () => listeners.forEach(({ onJoined }) => onJoined());
  channel.on("broadcast", { event: "*" }, ({ event, payload }) => {
    for (const { onEvent } of listeners) onEvent(event, payload ?? {});
    clearTimeout(topic.again);
    topic.again = setTimeout(read, settling);
  }).subscribe((state) => {
    topic.isJoined = state === "SUBSCRIBED";
    if (topic.isJoined) read();
    // What failed is tried again by supabase-js; what the server has closed is not.
    if (state !== "CLOSED" || topic.isClosed || topic.channel !== channel) return;
    topic.channel = null;
    setTimeout(() => topic.isClosed || join(topic, name), pause);
  });
}

/**
 * Listens to a private topic.
 *
 * @returns what ends it
 */
export function listenToTopic(
  client: GroundworkClient,
  name: string,
  listener: TopicListener,
): () => void {
  const { resource, release } = share(client, name);
  resource.listeners.add(listener);
  if (resource.isJoined) queueMicrotask(listener.onJoined);
  return () => {
    resource.listeners.delete(listener);
    release();
  };
}
