/** What is kept of a workspace's room, and how it is read while Redis comes and goes. */
import type { FailoverScratchpad } from "../_shared/scratchpad/failover.ts";
import type { Json, Member } from "../_shared/scratchpad/scratchpad.ts";

/** Seconds for which a heartbeat holds. */
export const presenceTtl = 45;
/** Seconds for which somebody counts as typing. */
export const typingTtl = 6;

/** The set of those who are in a workspace. */
export function roomKey(workspace: string): string {
  return `presence:${workspace}`;
}

/**
 * The set of those who type in a workspace. One set for all its conversations, so that a room is
 * followed with two reads however many conversations there are.
 */
export function typingKey(workspace: string): string {
  return `typing:${workspace}`;
}

/** Who or what is present. */
export type PresentKind = "person" | "agent";

/** Somebody in a room. */
export interface Present {
  kind: PresentKind;
  id: string;
  status: string;
  metadata: { [name: string]: Json };
  /** ISO 8601; a heartbeat moves it. */
  ends_at: string;
}

/** Somebody who is typing. */
export interface Typing {
  conversation_id: string;
  user_id: string;
}

/** The name of somebody in a room's set. */
export function memberName(kind: PresentKind, id: string): string {
  return `${kind}:${id}`;
}

/** The name of somebody in a set of those who type. */
export function typingName({ conversation_id, user_id }: Typing): string {
  return `${conversation_id} ${user_id}`;
}

/** Reads a name again. */
export function readTypingName(name: string): Typing {
  const [conversation_id = "", user_id = ""] = name.split(" ");
  return { conversation_id, user_id };
}

/** As it is answered. */
export function readMember({ member, info, endsAt }: Member): Present {
  const [kind, id = ""] = member.split(":");
  const { status, metadata } = info as { status: string; metadata: Present["metadata"] };
  return {
    kind: kind === "agent" ? "agent" : "person",
    id,
    status,
    metadata,
    ends_at: new Date(endsAt).toISOString(),
  };
}

/**
 * Who is in a set. For one heartbeat's time after Redis came back, those whose heartbeat went to
 * Postgres are in there still: both are read, so that nobody seems to have left.
 */
export async function readSet(
  scratchpad: FailoverScratchpad,
  key: string,
  ttl: number,
  now: number = Date.now(),
): Promise<Member[]> {
  const members = await scratchpad.use((pad) => pad.members(key));
  const cameBack = scratchpad.state === "closed" && scratchpad.changedAt > now - ttl * 1000;
  if (!cameBack) return members;
  const known = new Set(members.map((one) => one.member));
  const before = await scratchpad.fallback.members(key);
  return [...members, ...before.filter((one) => !known.has(one.member))];
}
