/** What a client says on a channel that it has joined: broadcasts, presence, a new token. */
import { type Extension, mayRead, mayWrite, PolicyError } from "./authorization.ts";
import type { Channel } from "./channel.ts";
import type { Context } from "./context.ts";
import { JoinError, noPermission, readPolicies } from "./joining.ts";
import { fits } from "./limits.ts";
import {
  encodeBody,
  fitsFrame,
  type Incoming,
  type Outgoing,
  outgoing,
  outgoingBroadcast,
} from "./protocol.ts";
import { TokenError } from "./tokens.ts";

const both: Extension[] = ["broadcast", "presence"];

/** Works off one message of a channel's client. */
export async function say(context: Context, channel: Channel, message: Incoming): Promise<void> {
  if (message.event === "broadcast") await sayBroadcast(context, channel, message);
  else if (message.event === "presence") await sayPresence(context, channel, message);
  else if (message.event === "access_token") await renewToken(context, channel, message.payload);
}

/** Without permission it is dropped in silence, as on the platform: no answer, also when one was asked for. */
async function sayBroadcast(context: Context, channel: Channel, message: Incoming) {
  const { rates, topics, limits } = context;
  const { ack, self } = channel.asked.broadcast;
  if (channel.isPrivate && !(await mayWriteOn(context, channel)).has("broadcast")) return;
  rates.events.add();
  const said = readBroadcast(message);
  const refusal = !said
    ? "invalid_payload"
    : !fits(said.bytes, limits)
    ? "payload_size_exceeded"
    : "";
  if (!said || refusal) {
    if (ack) channel.reply(message.ref, "error", refusal);
    return;
  }
  topics.broadcast(channel.key, said.message, self ? {} : { from: channel });
  if (ack) channel.reply(message.ref, "ok");
}

/** Null: what clients would fail on, who take for granted that an event has a name. */
function readBroadcast(
  { topic, payload, broadcast }: Incoming,
): { message: Outgoing; bytes: number } | null {
  if (broadcast) {
    const { event, encoding, body } = broadcast;
    return { message: outgoingBroadcast(topic, { event, encoding, body }), bytes: body.length };
  }
  if (!isRecord(payload) || typeof payload.event !== "string") return null;
  return {
    message: outgoing({ joinRef: null, ref: null, topic, event: "broadcast", payload }),
    bytes: encodeBody(payload).length,
  };
}

async function mayWriteOn(context: Context, channel: Channel): Promise<Set<Extension>> {
  channel.may.write ??= await mayWrite(context.sql, channel.person(), both).catch((error) => {
    if (!(error instanceof PolicyError)) throw error;
    context.log(`Realtime: a policy on realtime.messages failed: ${error.message}`);
    return new Set<Extension>();
  });
  return channel.may.write;
}

async function sayPresence(context: Context, channel: Channel, { payload, ref }: Incoming) {
  if (!countPresenceCall(context, channel)) {
    return channel.shutDown("Client presence rate limit exceeded");
  }
  const asked = isRecord(payload) ? payload : {};
  const event = typeof asked.event === "string" ? asked.event.toLowerCase() : "";
  if (event === "untrack") {
    channel.tracked = null;
    context.rates.presence.add(context.topics.untrack(channel.key, channel));
    return channel.reply(ref, "ok");
  }
  if (event !== "track") return channel.reply(ref, event === "" ? "ok" : "error");
  const said = asked.payload ?? {};
  if (!isRecord(said)) {
    return channel.reply(ref, "error", { reason: "Presence track payload must be a map" });
  }
  if (channel.isPrivate && !(await mayBePresent(context, channel))) {
    return channel.reply(ref, "error");
  }
  track(context, channel, said, ref);
}

function track(
  { limits, rates, topics }: Context,
  channel: Channel,
  said: Record<string, unknown>,
  ref: string | null,
) {
  const text = JSON.stringify(said);
  if (text === channel.tracked) return channel.reply(ref, "ok");
  if (!fits(encodeBody(said).length, limits)) {
    return channel.shutDown("Track message size exceeded");
  }
  if (rates.presence.isAbove()) return channel.shutDown("Too many presence messages per second");
  channel.tracked = text;
  rates.presence.add(1 + topics.track(channel.key, channel, channel.presenceKey, said));
  channel.reply(ref, "ok");
}

/** Who tracks without having asked for presence is asked now whether they may hear of others. */
async function mayBePresent(context: Context, channel: Channel): Promise<boolean> {
  const { read } = channel.may;
  if (!channel.asked.presence.enabled && read && !read.has("presence")) {
    const more = await mayRead(context.sql, channel.person(), ["presence"])
      .catch(() => new Set<Extension>());
    for (const extension of more) read.add(extension);
  }
  return (await mayWriteOn(context, channel)).has("presence");
}

function countPresenceCall({ limits }: Context, { presenceCalls }: Channel): boolean {
  const now = performance.now();
  if (now > presenceCalls.until) {
    presenceCalls.count = 0;
    presenceCalls.until = now + limits.presenceWindowSeconds * 1000;
  }
  if (presenceCalls.count >= limits.presenceCalls) return false;
  presenceCalls.count++;
  return true;
}

/** Tells a channel who is present, when it asked to know and may. */
export function tellPresences({ rates, topics }: Context, channel: Channel): void {
  if (!channel.asked.presence.enabled || !channel.hears("presence")) return;
  if (rates.presence.isAbove()) return channel.shutDown("Too many presence messages per second");
  rates.presence.add();
  channel.push("presence_state", topics.presences(channel.key));
}

/** A new token: the policies are asked again, and whoever may no longer read is told and closed. */
async function renewToken(context: Context, channel: Channel, payload: unknown) {
  const token = isRecord(payload) ? payload.access_token : null;
  if (typeof token !== "string" || token.startsWith("sb_") || token === channel.token) return;
  try {
    const claims = await context.verify(token);
    const before = channel.may.read;
    Object.assign(channel, { token, claims });
    if (channel.isPrivate) {
      const isPresenceAsked = channel.asked.presence.enabled || before?.has("presence") === true;
      const read = await readPolicies(context, channel.person(), isPresenceAsked);
      channel.may = { read, write: null };
      if ([...before ?? []].some((extension) => !read.has(extension))) {
        return channel.shutDown(
          `You no longer have permission to read from this Channel topic: ${channel.name}`,
        );
      }
    }
    channel.watchToken();
    await context.changes.renew(channel);
  } catch (error) {
    if (error instanceof TokenError) return channel.shutDown(error.message);
    if (!(error instanceof JoinError)) throw error;
    channel.shutDown(noPermission(channel.name));
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether an event's name can be said in every frame. */
export const isEventName = (event: unknown): event is string =>
  typeof event === "string" && event !== "" && fitsFrame(event);
