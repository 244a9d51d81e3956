/**
 * Who is here, and who is typing: said by heartbeats, heard over a stream of events that is opened again by itself.
 *
 * @example
 * ```ts
 * const here = stayPresent(groundwork, { workspace, status: "online" });
 * for await (const event of followPresence(groundwork, { workspace, conversations: [talk] })) {
 *   if (event.type === "joined") console.log(event.member.id);
 * }
 * await here.leave();
 * ```
 */
import { callFunction, isTemporary, type Through } from "./calls.ts";
import type { Json } from "./database.types.ts";
import { followEvents, type FollowOptions } from "./server-sent-events.ts";

export { RefusedError, type Through } from "./calls.ts";

/** How somebody is here. */
export type PresenceStatus = "online" | "busy" | "away";

/** Somebody who is here. */
export interface Present {
  kind: "person" | "agent";
  id: string;
  status: PresenceStatus;
  /** What they say of themselves, at most 1 KiB. */
  metadata: { [name: string]: Json | undefined };
  /** ISO 8601: until then, unless they say so again. */
  ends_at: string;
}

/** What is heard of a workspace. */
export type PresenceEvent =
  /** All who are here: at first, and after each connection. */
  | { type: "here"; members: Present[] }
  | { type: "joined"; member: Present }
  | { type: "changed"; member: Present }
  | { type: "left"; member: Pick<Present, "kind" | "id"> }
  | { type: "typing"; conversation_id: string; user_id: string; is_typing: boolean }
  /** The last: one may not listen any longer. */
  | { type: "end"; reason: "not_a_member" | "not_allowed" };

/** What is followed. */
export interface FollowPresenceOptions extends FollowOptions {
  workspace: string;
  /** Up to 20, of which it is told who types there. */
  conversations?: readonly string[];
}

/**
 * Follows who is in a workspace. Guests hear of themselves and of the agents that they may use.
 *
 * @throws RefusedError `not_found` and what else would be refused again
 */
export async function* followPresence(
  through: Through,
  { workspace, conversations = [], ...options }: FollowPresenceOptions,
): AsyncGenerator<PresenceEvent, void, undefined> {
  const search = conversations.length > 0 ? `?conversation=${conversations.join(",")}` : "";
  const connect = async (_: string | undefined, signal: AbortSignal) =>
    await callFunction(through, `presence/${encodeURIComponent(workspace)}/events${search}`, {
      method: "GET",
      signal,
    }) as Response;
  for await (const { event, data } of followEvents(connect, options)) {
    const told = JSON.parse(data);
    if (event === "joined" || event === "changed" || event === "left") {
      yield { type: event, member: told };
    } else if (event === "here" || event === "typing") yield { type: event, ...told };
    else if (event === "end" && (told.reason === "not_a_member" || told.reason === "not_allowed")) {
      yield { type: "end", reason: told.reason };
      return;
    }
  }
}

/**
 * Who is in a workspace now.
 *
 * @throws RefusedError `not_found`, …
 */
export async function listPresent(through: Through, workspace: string): Promise<Present[]> {
  const path = `presence/${encodeURIComponent(workspace)}`;
  return (await callFunction(through, path, { method: "GET" }) as { members: Present[] }).members;
}

/** What one says of oneself. */
export interface PresenceOptions {
  workspace: string;
  /** An agent that is here, by its own token, an admin's, or the secret key; absent: the person. */
  agent?: string;
  status?: PresenceStatus;
  metadata?: { [name: string]: Json | undefined };
  /** Hears of heartbeats that failed; those that may succeed later are tried again. */
  onError?: (error: unknown) => void;
}

/** Somebody's presence, while it lasts. */
export interface StayingPresent {
  /** Says something else from now on. */
  change(said: Pick<PresenceOptions, "status" | "metadata">): void;
  /** Gone, at once. */
  leave(): Promise<void>;
}

/** Milliseconds between heartbeats, each of which holds for 45 s. */
const heartbeatInterval = 15_000;

/** Is present until it leaves: by a heartbeat every 15 s. */
export function stayPresent(through: Through, options: PresenceOptions): StayingPresent {
  const { workspace, agent, onError = () => {} } = options;
  const about = { workspace_id: workspace, ...(agent === undefined ? {} : { agent_id: agent }) };
  let { status = "online", metadata = {} } = options;
  let isHere = true;
  let isWaiting = false;
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other, so that none comes after the leave; one that waits says what is true then. */
  function beat(): void {
    if (isWaiting) return;
    isWaiting = true;
    last = last.then(async () => {
      isWaiting = false;
      if (!isHere) return;
      await callFunction(through, "presence", {
        method: "PUT",
        body: { ...about, status, metadata },
      });
    }).catch((error) => {
      if (!isTemporary(error)) clearInterval(timer);
      onError(error);
    });
  }
  const timer = setInterval(beat, heartbeatInterval);
  beat();
  return {
    change(said) {
      ({ status = status, metadata = metadata } = said);
      beat();
    },
    async leave() {
      isHere = false;
      clearInterval(timer);
      await last;
      await callFunction(through, `presence?${new URLSearchParams(about)}`, { method: "DELETE" });
    },
  };
}

/** Somebody who types, by their key presses. */
export interface Typing {
  /** A key was pressed: others are told, at most every 3 s. */
  press(): void;
  /** Sent, or given up. */
  stop(): void;
}

/** Milliseconds: the backend takes somebody for typing for 6 s. */
const typingInterval = 3_000;

/**
 * Tells others that one is typing in a conversation.
 *
 * @param about onError hears what could not be told
 */
export function tellTyping(
  through: Through,
  { workspace, conversation, onError = () => {} }: {
    workspace: string;
    conversation: string;
    onError?: (error: unknown) => void;
  },
): Typing {
  let toldAt = -Infinity;
  let last: Promise<unknown> = Promise.resolve();
  function tell(is_typing: boolean): void {
    const body = { workspace_id: workspace, conversation_id: conversation, is_typing };
    last = last.then(() => callFunction(through, "presence/typing", { method: "PUT", body }))
      .catch(onError);
  }
  return {
    press() {
      if (Date.now() - toldAt < typingInterval) return;
      toldAt = Date.now();
      tell(true);
    },
    stop() {
      if (toldAt === -Infinity) return;
      toldAt = -Infinity;
      tell(false);
    },
  };
}
