/** One client's WebSocket: frames in, frames out, and its channels. */
import type { Channel } from "./channel.ts";
import type { Connection, Context } from "./context.ts";
import { join, JoinError, type Joining } from "./joining.ts";
import { decode, type Incoming, MalformedFrameError, outgoing, type Version } from "./protocol.ts";
import { say, tellPresences } from "./saying.ts";

/** Close codes of RFC 6455. */
const closeCodes = { malformed: 1007, tooLarge: 1009, tooSlow: 1013, silent: 1001 };

/** Serves a socket until it closes. */
export function serveSocket(
  context: Context,
  socket: WebSocket,
  opened: { version: Version; claims: Connection["claims"]; headers: Connection["headers"] },
): void {
  const { limits } = context;
  const channels = new Map<string, Channel>();
  /** Per topic the last message: a channel's messages are worked off in their order, topics beside each other. */
  const lines = new Map<string, Promise<void>>();
  let waiting = 0;
  let lastHeard = performance.now();

  const connection: Joining = {
    claims: opened.claims,
    headers: opened.headers,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    send(message) {
      if (!connection.isOpen()) return;
      const frame = message.encode(opened.version);
      if (frame === null) return;
      if (socket.bufferedAmount > limits.waitingBytes) {
        return socket.close(closeCodes.tooSlow, "too slow");
      }
      socket.send(frame);
    },
    channelCount: () => channels.size,
    onEnd: (channel) => {
      if (channels.get(channel.topic) === channel) channels.delete(channel.topic);
    },
  };

  function reply(
    { joinRef, ref, topic }: Incoming,
    status: "ok" | "error",
    response: unknown = {},
  ) {
    const payload = { status, response };
    connection.send(outgoing({ joinRef, ref, topic, event: "phx_reply", payload }));
  }

  async function joinChannel(message: Incoming) {
    // Whoever joins again begins anew: the old channel is closed under its own reference.
    const old = channels.get(message.topic);
    if (old) leave(old);
    try {
      const { channel, kept } = await join(context, connection, message);
      channels.set(message.topic, channel);
      if (!connection.isOpen()) return channel.end();
      const subscribing = context.changes.subscribe(channel);
      if (channel.asked.postgres_changes_options.wait) {
        const refusal = await subscribing.whenKnown;
        if (refusal) {
          channel.end();
          return reply(message, "error", {
            reason: `RealtimeDisabledForConfiguration: ${refusal}`,
          });
        }
      }
      reply(message, "ok", { postgres_changes: subscribing.bindings });
      channel.release(kept);
      channel.watchToken();
      tellPresences(context, channel);
      if (channel.asked.broadcast.replication_ready) tellReady(channel);
    } catch (error) {
      if (!(error instanceof JoinError)) throw error;
      reply(message, "error", { reason: error.message });
      if (error.endsSocket) socket.close(1000);
    }
  }

  function tellReady(channel: Channel) {
    context.whenFollowing.then(
      () => channel.tellSystem("system", "ok", "Replication connection established"),
      () => channel.shutDown("Replication connection was not established in time"),
    );
  }

  function leave(channel: Channel) {
    const { topic, joinRef } = channel;
    channel.end();
    connection.send(outgoing({ joinRef, ref: joinRef, topic, event: "phx_close", payload: {} }));
  }

  async function work(message: Incoming) {
    const { topic, event } = message;
    if (!topic.startsWith("realtime:")) {
      return reply(message, "error", { reason: "unmatched topic" });
    }
    if (event === "phx_join") return await joinChannel(message);
    const channel = channels.get(topic);
    if (!channel) return reply(message, "error", { reason: "unmatched topic" });
    // From before the channel was joined anew.
    if (message.joinRef !== null && message.joinRef !== channel.joinRef) return;
    if (event !== "phx_leave") return await say(context, channel, message);
    reply(message, "ok");
    leave(channel);
  }

  function fail(message: Incoming, error: unknown) {
    context.log(`Realtime: ${message.event} on ${message.topic} failed: ${error}`);
    channels.get(message.topic)?.end();
    if (message.event === "phx_join") {
      return reply(message, "error", { reason: "Unknown Error on Channel" });
    }
    const { joinRef, topic } = message;
    connection.send(outgoing({ joinRef, ref: joinRef, topic, event: "phx_error", payload: {} }));
  }

  function enqueue(message: Incoming) {
    if (++waiting > limits.waitingMessages) {
      return socket.close(closeCodes.tooSlow, "too many messages at once");
    }
    const line = (lines.get(message.topic) ?? Promise.resolve())
      .then(() => connection.isOpen() ? work(message) : undefined)
      .catch((error) => fail(message, error))
      .finally(() => {
        waiting--;
        if (lines.get(message.topic) === line) lines.delete(message.topic);
      });
    lines.set(message.topic, line);
  }

  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    lastHeard = performance.now();
    if ((typeof data === "string" ? data.length : data.byteLength) > limits.frameBytes) {
      return socket.close(closeCodes.tooLarge, "frame too large");
    }
    try {
      const message = decode(data, opened.version);
      if (message.topic !== "phoenix") enqueue(message);
      else if (message.event === "heartbeat") reply(message, "ok");
    } catch (error) {
      if (!(error instanceof MalformedFrameError)) throw error;
      socket.close(closeCodes.malformed, "malformed message");
    }
  };
  const watch = setInterval(() => {
    if (performance.now() - lastHeard > limits.silenceSeconds * 1000) {
      socket.close(closeCodes.silent, "nothing heard");
    }
  }, limits.silenceSeconds * 250);
  const end = () => {
    clearInterval(watch);
    context.connected.delete(connection);
    for (const channel of [...channels.values()]) channel.end();
  };
  socket.onclose = end;
  socket.onerror = end;
}
