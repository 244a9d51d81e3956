/**
 * Who has joined which topic, and who is present there. A public and a private topic of the same name
 * are two topics.
 */
import { type Outgoing, outgoing } from "./protocol.ts";

/** What is delivered; whoever may not read that extension is passed over. */
export type Kind = "broadcast" | "presence";

/** A channel of a client. */
export interface Member {
  hears(kind: Kind): boolean;
  /** @param id of a broadcast that the database keeps */
  deliver(kind: Kind, message: Outgoing, id?: string): void;
}

/** What a client says of itself, with the reference that Phoenix gives it. */
export type Meta = Record<string, unknown> & { phx_ref: string };

/** The presences of some keys, as `presence_state` and `presence_diff` carry them. */
export type Presences = Record<string, { metas: Meta[] }>;

interface Topic {
  members: Set<Member>;
  /** By key, then by the channel that says it: a key may be present several times. */
  presences: Map<string, Map<Member, Meta>>;
}

/** Names a topic within the server. */
export const topicKey = (name: string, isPrivate: boolean): string =>
  `${isPrivate ? "private" : "public"}:${name}`;

/** The topics of a server. */
export interface Topics {
  join(key: string, member: Member): void;
  /** Leaves, and is no longer present. */
  leave(key: string, member: Member): void;
  /**
   * Delivers a broadcast to the members of a topic.
   * @param from does not hear it
   * @returns how many heard it
   */
  broadcast(key: string, message: Outgoing, options?: { from?: Member; id?: string }): number;
  /** Tells what a member says of itself. @returns how many heard of it */
  track(key: string, member: Member, presenceKey: string, payload: Record<string, unknown>): number;
  untrack(key: string, member: Member): number;
  presences(key: string): Presences;
}

/** Makes an empty set of topics. */
export function createTopics(): Topics {
  const topics = new Map<string, Topic>();
  let lastRef = 0;

  function open(key: string): Topic {
    const topic = topics.get(key) ?? { members: new Set(), presences: new Map() };
    topics.set(key, topic);
    return topic;
  }

  function deliver(topic: Topic, kind: Kind, message: Outgoing, from?: Member, id?: string) {
    let count = 0;
    for (const member of topic.members) {
      if (member === from || !member.hears(kind)) continue;
      member.deliver(kind, message, id);
      count++;
    }
    return count;
  }

  function tellDiff(key: string, topic: Topic, joins: Presences, leaves: Presences): number {
    const name = `realtime:${key.slice(key.indexOf(":") + 1)}`;
    const payload = { joins, leaves };
    const message = { joinRef: null, ref: null, topic: name, event: "presence_diff", payload };
    return deliver(topic, "presence", outgoing(message));
  }

  function forget(topic: Topic, member: Member): Presences {
    // Without a prototype: a key may have any name.
    const left: Presences = Object.create(null);
    for (const [presenceKey, said] of topic.presences) {
      const meta = said.get(member);
      if (!meta) continue;
      said.delete(member);
      if (said.size === 0) topic.presences.delete(presenceKey);
      left[presenceKey] = { metas: [meta] };
    }
    return left;
  }

  function untrack(key: string, member: Member): number {
    const topic = topics.get(key);
    if (!topic) return 0;
    const leaves = forget(topic, member);
    return Object.keys(leaves).length > 0 ? tellDiff(key, topic, {}, leaves) : 0;
  }

  return {
    join: (key, member) => void open(key).members.add(member),
    leave(key, member) {
      const topic = topics.get(key);
      if (!topic?.members.delete(member)) return;
      untrack(key, member);
      if (topic.members.size === 0) topics.delete(key);
    },
    broadcast(key, message, { from, id } = {}) {
      const topic = topics.get(key);
      return topic ? deliver(topic, "broadcast", message, from, id) : 0;
    },
    track(key, member, presenceKey, payload) {
      const topic = topics.get(key);
      if (!topic?.members.has(member)) return 0;
      const leaves = forget(topic, member);
      const before = leaves[presenceKey]?.metas[0];
      const meta: Meta = {
        ...payload,
        phx_ref: `gw-${(++lastRef).toString(36)}`,
        ...(before ? { phx_ref_prev: before.phx_ref } : {}),
      };
      const said = topic.presences.get(presenceKey) ?? new Map<Member, Meta>();
      topic.presences.set(presenceKey, said.set(member, meta));
      return tellDiff(key, topic, { [presenceKey]: { metas: [meta] } }, leaves);
    },
    untrack,
    presences: (key) =>
      Object.fromEntries(
        [...topics.get(key)?.presences ?? []].map((
          [presenceKey, said],
        ) => [presenceKey, { metas: [...said.values()] }]),
      ),
  };
}
