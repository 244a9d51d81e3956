/** A channel that a client has joined: what it hears, what it is told, and how it ends. */
import type { Extension, Person } from "./authorization.ts";
import type { Connection, Context } from "./context.ts";
import type { JoinPayload } from "./join.ts";
import { type Outgoing, outgoing } from "./protocol.ts";
import type { Kept } from "./replay.ts";
import { type Claims, TokenError } from "./tokens.ts";
import { type Kind, type Member, topicKey } from "./topics.ts";

/** A token is looked at again at least so often, in milliseconds. */
const tokenCheckInterval = 300_000;

/** A joined channel. */
export interface Channel extends Member {
  /** As the client calls it: `realtime:<name>`. */
  topic: string;
  name: string;
  key: string;
  joinRef: string | null;
  isPrivate: boolean;
  asked: JoinPayload["config"];
  presenceKey: string;
  token: string | null;
  claims: Claims;
  /** Null until it was asked; on a public channel nobody asks. */
  may: { read: Set<Extension> | null; write: Set<Extension> | null };
  /** What it says of itself, as JSON. */
  tracked: string | null;
  presenceCalls: { count: number; until: number };
  person(): Person;
  push(event: string, payload: unknown): void;
  reply(ref: string | null, status: "ok" | "error", response?: unknown): void;
  /** Tells the client why, and ends the channel. */
  shutDown(message: string): void;
  tellSystem(extension: string, status: "ok" | "error", message: string): void;
  /** Delivers what was kept, and what has come since the channel was opened without what is kept. */
  release(kept: Kept[]): void;
  deliverChange(message: Outgoing): void;
  hasEnded(): boolean;
  /** Ends when its token does. */
  watchToken(): void;
  /** Leaves the topic without a word. */
  end(): void;
}

/** What a channel begins with. */
export interface ChannelOptions {
  topic: string;
  joinRef: string | null;
  asked: JoinPayload["config"];
  token: string | null;
  claims: Claims;
  read: Set<Extension> | null;
  /** Called once, however it ends. */
  onEnd: (channel: Channel) => void;
}

/** Opens a channel. It hears nothing until it is released. */
export function openChannel(
  context: Context,
  connection: Connection,
  options: ChannelOptions,
): Channel {
  const { topic, joinRef, asked } = options;
  const name = topic.slice("realtime:".length);
  let held: { message: Outgoing; id?: string }[] | null = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hasEnded = false;

  function deliver(kind: Kind, message: Outgoing, id?: string) {
    if (held) return void held.push({ message, ...(id ? { id } : {}) });
    if (kind === "presence") return connection.send(message);
    context.rates.events.add();
    if (context.rates.events.isAbove()) return channel.shutDown("Too many messages per second");
    connection.send(message);
  }

  const channel: Channel = {
    topic,
    name,
    key: topicKey(name, asked.private),
    joinRef,
    isPrivate: asked.private,
    asked,
    presenceKey: asked.presence.key || crypto.randomUUID(),
    token: options.token,
    claims: options.claims,
    may: { read: options.read, write: null },
    tracked: null,
    presenceCalls: { count: 0, until: 0 },
    hears: (kind) => !channel.isPrivate || channel.may.read?.has(kind) === true,
    deliver,
    person: () => ({ claims: channel.claims, headers: connection.headers, topic: name }),
    push: (event, payload) =>
      connection.send(outgoing({ joinRef, ref: null, topic, event, payload })),
    reply: (ref, status, response = {}) =>
      connection.send(
        outgoing({ joinRef, ref, topic, event: "phx_reply", payload: { status, response } }),
      ),
    tellSystem: (extension, status, message) =>
      channel.push("system", { extension, status, message, channel: name }),
    shutDown(message) {
      if (hasEnded) return;
      channel.tellSystem("system", "error", message);
      channel.end();
      // A channel that ends is closed under the reference that it was joined with.
      connection.send(outgoing({ joinRef, ref: joinRef, topic, event: "phx_close", payload: {} }));
    },
    release(kept) {
      for (const { message } of kept) connection.send(message);
      const waiting = held ?? [];
      held = null;
      for (const { message, id } of waiting) {
        if (!kept.some((one) => one.id === id)) connection.send(message);
      }
    },
    deliverChange(message) {
      context.rates.events.add();
      if (held) held.push({ message });
      else connection.send(message);
    },
    hasEnded: () => hasEnded,
    watchToken() {
      clearTimeout(timer);
      const { exp } = channel.claims;
      if (hasEnded || exp === undefined || !channel.token) return;
      const { token } = channel;
      timer = setTimeout(() => {
        context.verify(token).then(() => channel.watchToken(), (error) => {
          channel.shutDown(
            error instanceof TokenError ? error.message : "The token could not be read",
          );
        });
      }, Math.max(0, Math.min(tokenCheckInterval, exp * 1000 - Date.now())) + 1);
    },
    end() {
      if (hasEnded) return;
      hasEnded = true;
      clearTimeout(timer);
      context.topics.leave(channel.key, channel);
      context.changes.forget(channel);
      options.onEnd(channel);
    },
  };
  return channel;
}
