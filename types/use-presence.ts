import { useEffect, useMemo, useRef } from "react";
import type { GroundworkClient } from "./client.ts";
import {
  followPresence,
  type PresenceOptions,
  type Present,
  type StayingPresent,
  stayPresent,
  tellTyping,
  type Typing,
} from "./presence.ts";
import { createShared } from "./shared.ts";
import { run, useFollowed } from "./use-followed.ts";

/** Who is here. */
export interface PresenceState {
  /** `ended`: one is no member any more, or could not listen; `error` says why. */
  status: "idle" | "connecting" | "following" | "ended";
  members: Present[];
  /** Who types, in the conversations that were asked for. */
  typing: { conversation_id: string; user_id: string }[];
  error: Error | null;
}

/** A workspace's room. */
export interface Presence extends PresenceState {
  /** A key was pressed in a conversation. */
  press(conversation: string): void;
  /** What was typed there was sent, or given up. */
  stopTyping(conversation: string): void;
}

const idle: PresenceState = { status: "idle", members: [], typing: [], error: null };

const unheard: PresenceState = { ...idle, status: "connecting" };

/** One heartbeat for each workspace, however many parts of a page show who is here. */
const sharePresence = createShared<GroundworkClient, StayingPresent>(
  (client, workspace) => stayPresent(client, { workspace }),
  (here) => here.leave(),
);

/**
 * Who is in a workspace, oneself among them.
 *
 * @param workspace null: none
 * @param options `conversations`: of which it is told who types there; `isHere: false`: only looks
 */
export function usePresence(
  client: GroundworkClient,
  workspace: string | null,
  { conversations = [], isHere = true, status = "online", metadata }:
    & Pick<PresenceOptions, "status" | "metadata">
    & { conversations?: readonly string[]; isHere?: boolean } = {},
): Presence {
  const key = workspace === null ? null : [workspace, ...conversations].join();
  const state = useFollowed<PresenceState>(
    client,
    key,
    key === null ? idle : unheard,
    (update) =>
      run(
        (signal) => followPresence(client, { workspace: workspace!, conversations, signal }),
        (event) =>
          update((state) => {
            const { members } = state;
            const others = ({ kind, id }: Pick<Present, "kind" | "id">) =>
              members.filter((one) => one.kind !== kind || one.id !== id);
            switch (event.type) {
              case "here":
                return { ...state, status: "following", members: event.members, typing: [] };
              case "joined":
              case "changed":
                return { ...state, members: [...others(event.member), event.member] };
              case "left":
                return { ...state, members: others(event.member) };
              case "typing": {
                const { conversation_id, user_id, is_typing } = event;
                const typing = state.typing.filter((one) =>
                  one.user_id !== user_id || one.conversation_id !== conversation_id
                );
                if (is_typing) typing.push({ conversation_id, user_id });
                return { ...state, typing };
              }
              case "end":
                return { ...idle, status: "ended", error: new Error(event.reason) };
            }
          }),
        (error) => update(() => ({ ...idle, status: "ended", error })),
      ),
  );

  const here = useRef<StayingPresent>(null);
  const said = JSON.stringify({ status, metadata });
  useEffect(() => {
    if (workspace === null || !isHere) return;
    const { resource, release } = sharePresence(client, workspace);
    here.current = resource;
    return () => {
      here.current = null;
      release();
    };
  }, [client, workspace, isHere]);
  useEffect(() => {
    here.current?.change(JSON.parse(said));
  }, [client, workspace, isHere, said]);

  const actions = useMemo(() => {
    const typers = new Map<string, Typing>();
    const typerOf = (conversation: string) => {
      const typer = typers.get(conversation) ??
        tellTyping(client, { workspace: workspace!, conversation });
      typers.set(conversation, typer);
      return typer;
    };
    return {
      press: (conversation: string) => typerOf(conversation).press(),
      stopTyping: (conversation: string) => typerOf(conversation).stop(),
    };
  }, [client, workspace]);
  return { ...state, ...actions };
}
