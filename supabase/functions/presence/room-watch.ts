/**
 * Follows rooms for those who listen: one poll per room and isolate, however many listen.
 *
 * A poll each second is 60 reads a minute and room, on Redis or Postgres alike; it needs no
 * connection that stays open, which neither the REST protocol nor a transaction pooler has.
 */
import type { Role } from "../_shared/access/memberships.ts";
import type { Services } from "../_shared/services.ts";
import { ApiError } from "../_shared/errors.ts";
import { log } from "../_shared/log.ts";
import { forAll } from "../_shared/statements.ts";
import { type View, viewOf } from "./visibility.ts";
import {
  presenceTtl,
  type Present,
  readMember,
  readSet,
  readTypingName,
  roomKey,
  type Typing,
  typingKey,
  typingTtl,
} from "./rooms.ts";

/** What a listener is told. */
export type RoomEvent =
  | { event: "here"; data: { members: Present[] } }
  | { event: "joined" | "changed"; data: Present }
  | { event: "left"; data: Pick<Present, "kind" | "id"> }
  | { event: "typing"; data: Typing & { is_typing: boolean } };

/** Somebody who follows a room. */
export interface Listener {
  /** Null for the service and an agent as itself, which need no membership. */
  userId: string | null;
  /** Of whom they are told; looked up again with their membership. */
  sees: View;
  /** Of an agent: throws an ApiError below 500 where it may listen no longer; 421, where the workspace is elsewhere. */
  check?: () => Promise<unknown>;
  tell(event: RoomEvent): void;
  /** Called once, when the listener may not listen any longer; `renew`: whoever asks again is told where. */
  end(reason: "renew" | "not_a_member" | "not_allowed"): void;
}

interface State {
  members: Map<string, Present>;
  typing: Set<string>;
}

interface Room {
  listeners: Set<Listener>;
  state: State | null;
  timer: ReturnType<typeof setTimeout> | undefined;
  polls: number;
}

/** Milliseconds between two looks at a room. */
export const pollInterval = 1000;
/** Who listens is looked up every so many polls. */
const pollsPerCheck = 2;

function isSame(one: Present, other: Present): boolean {
  return one.status === other.status &&
    JSON.stringify(one.metadata) === JSON.stringify(other.metadata);
}

/** What happened between two looks. */
export function compareStates(before: State, after: State): RoomEvent[] {
  const events: RoomEvent[] = [];
  for (const [name, present] of after.members) {
    const known = before.members.get(name);
    if (!known) events.push({ event: "joined", data: present });
    else if (!isSame(known, present)) events.push({ event: "changed", data: present });
  }
  for (const [name, { kind, id }] of before.members) {
    if (!after.members.has(name)) events.push({ event: "left", data: { kind, id } });
  }
  for (const name of after.typing) {
    if (before.typing.has(name)) continue;
    events.push({ event: "typing", data: { ...readTypingName(name), is_typing: true } });
  }
  for (const name of before.typing) {
    if (after.typing.has(name)) continue;
    events.push({ event: "typing", data: { ...readTypingName(name), is_typing: false } });
  }
  return events;
}

function mayHear({ sees }: Listener, event: RoomEvent): boolean {
  if (event.event === "here") return true; // made for them
  return event.event === "typing"
    ? sees("person", event.data.user_id)
    : sees(event.data.kind, event.data.id);
}

/** Follows the rooms of one isolate. */
export interface RoomWatch {
  /** @returns what ends the listening */
  listen(workspace: string, listener: Listener): () => void;
  /** Rooms that are being followed. */
  readonly size: number;
}

/** Makes the isolate's watch. */
export function createRoomWatch(
  services: Pick<Services, "scratchpad" | "database" | "permissions">,
): RoomWatch {
  const rooms = new Map<string, Room>();

  async function look(workspace: string): Promise<State> {
    const [members, typing] = await Promise.all([
      readSet(services.scratchpad, roomKey(workspace), presenceTtl),
      readSet(services.scratchpad, typingKey(workspace), typingTtl),
    ]);
    return {
      members: new Map(members.map((one) => [one.member, readMember(one)])),
      typing: new Set(typing.map((one) => one.member)),
    };
  }

  /** Who is no member any more leaves; who became one, or a guest, sees others from now on. */
  async function lookAtListeners(workspace: string, room: Room): Promise<void> {
    const listening = new Set([...room.listeners].flatMap(({ userId }) => userId ?? []));
    if (listening.size === 0) return;
    const rows = await services.database.run((sql) =>
      sql<{ user_id: string; role: Role; is_elsewhere: boolean }[]>`
        select asked.user_id, asked.role, asked.role is null and exists (
          select from private.place_for(asked.user_id, ${workspace}) as place where place.status = 'elsewhere'
        ) as is_elsewhere
        from jsonb_array_elements_text(${sql.json([...listening])}) as listed (id)
        cross join lateral (
          select listed.id::uuid as user_id, private.member_role(listed.id::uuid, ${workspace}) as role
        ) as asked`
    );
    const elsewhere = new Set(rows.flatMap((row) => row.is_elsewhere ? row.user_id : []));
    const views = new Map(
      await Promise.all(rows.map(async ({ user_id, role }) => {
        return [user_id, await viewOf(services, user_id, role)] as const;
      })),
    );
    for (const listener of [...room.listeners]) {
      const view = listener.userId ? views.get(listener.userId) : listener.sees;
      if (view) listener.sees = view;
      if (view !== null) continue; // or came meanwhile
      room.listeners.delete(listener);
      listener.end(elsewhere.has(listener.userId ?? "") ? "renew" : "not_a_member");
    }
  }

  async function endRefused(room: Room): Promise<void> {
    await Promise.all([...room.listeners].map((listener) =>
      listener.check?.().catch((error) => {
        // What is only away for a moment says nothing about a right.
        if (!(error instanceof ApiError) || error.status >= 500) throw error;
        room.listeners.delete(listener);
        listener.end(error.status === 421 ? "renew" : "not_allowed");
      })
    ));
  }

  async function poll(workspace: string, room: Room): Promise<void> {
    try {
      if (room.polls++ % pollsPerCheck === 0) await lookAtListeners(workspace, room);
      await endRefused(room);
      const state = await look(workspace);
      const events = room.state ? compareStates(room.state, state) : [];
      const isFirst = room.state === null;
      room.state = state;
      for (const listener of room.listeners) {
        if (isFirst) tellState(listener, state);
        for (const event of events) if (mayHear(listener, event)) listener.tell(event);
      }
    } catch (error) {
      // Listeners keep what they know; the next look finds out what they missed.
      log("warning", "a room could not be looked at", { workspace, error });
    }
    if (room.listeners.size > 0) room.timer = setTimeout(() => poll(workspace, room), pollInterval);
    else forget(workspace, room);
  }

  function forget(workspace: string, room: Room): void {
    clearTimeout(room.timer);
    if (rooms.get(workspace) === room) rooms.delete(workspace);
  }

  function tellState(listener: Listener, state: State): void {
    const members = [...state.members.values()].filter(({ kind, id }) => listener.sees(kind, id));
    listener.tell({ event: "here", data: { members } });
    for (const name of state.typing) {
      const typing = { ...readTypingName(name), is_typing: true };
      if (listener.sees("person", typing.user_id)) listener.tell({ event: "typing", data: typing });
    }
  }

  return {
    listen(workspace, listener) {
      let room = rooms.get(workspace);
      if (!room) {
        room = { listeners: new Set(), state: null, timer: undefined, polls: 0 };
        rooms.set(workspace, room);
        room.listeners.add(listener);
        forAll(poll, workspace, room);
      } else {
        room.listeners.add(listener);
        if (room.state) tellState(listener, room.state);
      }
      const followed = room;
      return () => {
        followed.listeners.delete(listener);
        if (followed.listeners.size === 0) forget(workspace, followed);
      };
    },
    get size() {
      return rooms.size;
    },
  };
}
