/** Joining a channel: whether this client may, now. Errors are in the platform's words. */
import { type Extension, mayRead, type Person, PolicyError } from "./authorization.ts";
import { type Channel, openChannel } from "./channel.ts";
import type { Connection, Context } from "./context.ts";
import { joinPayload } from "./join.ts";
import { fitsFrame, type Incoming } from "./protocol.ts";
import { type Kept, readKept } from "./replay.ts";
import { type Claims, TokenError } from "./tokens.ts";

/** Why a channel is not joined. */
export class JoinError extends Error {
  override name = "JoinError";
  /** @param endsSocket the platform also ends the connection */
  constructor(message: string, public readonly endsSocket = false) {
    super(message);
  }
}

/** The socket that asks. */
export interface Joining extends Connection {
  /** How many channels it has. */
  channelCount(): number;
  onEnd: (channel: Channel) => void;
}

/** Joins; resolves when the channel hears. @throws JoinError */
export async function join(
  context: Context,
  socket: Joining,
  message: Incoming,
): Promise<{ channel: Channel; kept: Kept[] }> {
  const { topic, joinRef, payload } = message;
  const name = topic.slice("realtime:".length);
  if (name === "") throw new JoinError("TopicNameRequired: You must provide a topic name");
  if (!fitsFrame(topic)) {
    throw new JoinError("TopicNameTooLong: A topic has at most 255 bytes with its prefix");
  }
  const { config: asked, ...tokens } = joinPayload.parse(payload ?? {});
  if (context.isPrivateOnly && !asked.private) {
    throw new JoinError("PrivateOnly: This project only allows private channels");
  }
  limit(context, socket);
  const given = tokens.user_token ?? tokens.access_token ?? null;
  const token = given?.startsWith("sb_") ? null : given;
  const claims = token === null ? socket.claims : await readToken(context, token);
  const person = { claims, headers: socket.headers, topic: name };
  const read = asked.private ? await readPolicies(context, person, asked.presence.enabled) : null;
  const { replay } = asked.broadcast;
  if (replay && !asked.private) {
    throw new JoinError("UnableToReplayMessages: Replay is not allowed for public channels");
  }
  const { onEnd } = socket;
  const channel = openChannel(context, socket, {
    ...{ topic, joinRef, asked, token, claims, read, onEnd },
  });
  // First on the topic, then what is kept: so nothing falls between the two.
  context.topics.join(channel.key, channel);
  try {
    const kept = replay && read?.has("broadcast") ? await readKept(context.sql, name, replay) : [];
    return { channel, kept };
  } catch (error) {
    channel.end();
    if (!(error instanceof RangeError)) throw error;
    throw new JoinError("UnableToReplayMessages: Replay params are not valid");
  }
}

function limit({ limits, rates, connected }: Context, socket: Joining) {
  if (!connected.has(socket) && connected.size >= limits.connections) {
    throw new JoinError("ConnectionRateLimitReached: Too many connected users");
  }
  if (rates.joins.isAbove(1)) {
    throw new JoinError("ClientJoinRateLimitReached: Too many joins per second", true);
  }
  rates.joins.add();
  if (socket.channelCount() >= limits.channelsPerConnection) {
    throw new JoinError("ChannelRateLimitReached: Too many channels");
  }
  connected.add(socket);
}

async function readToken(context: Context, token: string): Promise<Claims> {
  try {
    return await context.verify(token);
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    throw new JoinError(`${error.code}: ${error.message}`);
  }
}

/** What the person may read of a private topic. @throws JoinError when it is nothing */
export async function readPolicies(
  { sql, log }: Context,
  person: Person,
  isPresenceAsked: boolean,
): Promise<Set<Extension>> {
  const extensions: Extension[] = isPresenceAsked ? ["broadcast", "presence"] : ["broadcast"];
  const read = await mayRead(sql, person, extensions).catch((error) => {
    if (!(error instanceof PolicyError)) throw error;
    log(`Realtime: a policy on realtime.messages failed: ${error.message}`);
    return new Set<Extension>();
  });
  if (read.size > 0) return read;
  throw new JoinError(`Unauthorized: ${noPermission(person.topic)}`);
}

/** What the platform tells whoever may not read a topic. */
export const noPermission = (topic: string): string =>
  `You do not have permissions to read from this Channel topic: ${topic}`;
