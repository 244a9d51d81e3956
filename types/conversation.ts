/**
 * A conversation as it is now: the messages of the branch that is shown, read with the person's own rights whenever its
 * topic tells of a change.
 */
import type { GroundworkClient, Row } from "./client.ts";
import { listenToTopic } from "./topics.ts";

/** A message of a conversation. */
export type Message = Row<"messages">;

/** What is known of a conversation. */
export interface ConversationState {
  /** `gone`: it is deleted, or it may not be read. */
  status: "idle" | "loading" | "ready" | "gone" | "failed";
  /** Of the branch that is shown, oldest first. A message that has not changed stays the same object. */
  messages: Message[];
  /** Whether there are older ones than these. */
  hasOlder: boolean;
  /** Why it could not be read; it is tried again at the next change. */
  error: Error | null;
}

/** Before anything is read. */
export const unread: ConversationState = {
  status: "loading",
  messages: [],
  hasOlder: false,
  error: null,
};

/** A conversation that is followed. */
export interface FollowedConversation {
  /** Reads it anew. */
  refresh(): Promise<void>;
  /** Reads a page of older messages. */
  loadOlder(): Promise<void>;
  stop(): void;
}

/** Whatever was thrown, as an error. */
export const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error((error as { message?: string }).message ?? `${error}`);

/** Follows a conversation. @param onChange hears of each state that differs from the one before */
export function followConversation(
  client: GroundworkClient,
  id: string,
  onChange: (state: ConversationState) => void,
  pageSize = 50,
): FollowedConversation {
  let state = unread;
  let leaf: string | null = null;
  let isStopped = false;
  /** Messages that have changed since they were read. */
  const changed = new Set<string>();
  let work: Promise<void> = Promise.resolve();
  let isWaiting = false;

  function set(next: Partial<ConversationState>): void {
    if (isStopped) return;
    state = { ...state, ...next };
    onChange(state);
  }

  async function readPage(from: string, before?: string): Promise<Message[]> {
    const { data } = await client.rpc("conversation_path", {
      message_id: from,
      page_size: pageSize,
      ...(before === undefined ? {} : { before }),
    }).throwOnError();
    return data as Message[];
  }

  /** What has not changed stays the same object, so that what shows it need not be drawn again. */
  function keepSame(messages: Message[]): Message[] {
    const known = new Map(state.messages.map((message) => [message.id, message]));
    return messages.map((message) => {
      const before = known.get(message.id);
      return before && JSON.stringify(before) === JSON.stringify(message) ? before : message;
    });
  }

  async function read(): Promise<void> {
    const { data: talk } = await client.from("conversations").select("active_message_id")
      .eq("id", id).maybeSingle().throwOnError();
    if (!talk) return set({ ...unread, status: "gone" });
    leaf = talk.active_message_id;
    if (leaf === null) return set({ ...unread, status: "ready" });
    const known = new Set(state.messages.map((message) => message.id));
    const fresh: Message[] = [];
    let page: Message[];
    // Back to what is known, or as far as was shown: a branch may part far above.
    do {
      page = await readPage(leaf, fresh.at(-1)?.id);
      fresh.push(...page);
    } while (
      page.length === pageSize && fresh.length < known.size && !page.some(({ id }) => known.has(id))
    );
    fresh.reverse();
    const place = state.messages.findIndex((message) => message.id === fresh[0]?.id);
    const older = await readChanged(state.messages.slice(0, Math.max(place, 0)));
    set({
      status: "ready",
      error: null,
      messages: keepSame([...older, ...fresh]),
      hasOlder: place >= 0 ? state.hasOlder : page.length === pageSize,
    });
  }

  async function readChanged(messages: Message[]): Promise<Message[]> {
    const ids = messages.map((message) => message.id).filter((id) => changed.has(id));
    changed.clear();
    if (ids.length === 0) return messages;
    const { data } = await client.from("messages").select().in("id", ids).throwOnError();
    return messages.map((message) => data.find(({ id }) => id === message.id) ?? message);
  }

  async function loadPage(): Promise<void> {
    const [oldest] = state.messages;
    if (!leaf || !oldest || !state.hasOlder) return;
    const page = await readPage(leaf, oldest.id);
    set({
      messages: [...page.reverse(), ...state.messages],
      hasOlder: page.length === pageSize,
      error: null,
    });
  }

  /** One after the other: each begins with what the one before has read. */
  function enqueue(task: () => Promise<void>): Promise<void> {
    work = work.then(async () => {
      if (!isStopped) await task();
    }).catch((error) =>
      set({
        error: asError(error),
        ...(state.status === "loading" ? { status: "failed" } : {}),
      })
    );
    return work;
  }

  /** Changes that come while it waits for its turn are read with it. */
  function refresh(): Promise<void> {
    if (isWaiting) return work;
    isWaiting = true;
    return enqueue(() => {
      isWaiting = false;
      return read();
    });
  }

  const unlisten = listenToTopic(client, `conversation:${id}`, {
    onJoined: refresh,
    onEvent(event, { id: about }) {
      if (event === "background_query") return;
      if (event === "message_changed") changed.add(String(about));
      refresh();
    },
  });
  refresh();
  return {
    refresh,
    loadOlder: () => enqueue(loadPage),
    stop() {
      isStopped = true;
      unlisten();
    },
  };
}
