/**
 * The frames of Phoenix channels as @supabase/realtime-js speaks them: serializer 1.0.0 (JSON
 * objects) and 2.0.0 (JSON arrays, and
 * binary frames for broadcasts). Pure: bytes in, messages out, and back.
 */

/** The serializer that a client asked for by `vsn`. */
export type Version = "1.0.0" | "2.0.0";

/** A message of either direction. */
export interface Message {
  joinRef: string | null;
  ref: string | null;
  topic: string;
  event: string;
  payload: unknown;
}

/** A broadcast whose payload stays as its sender encoded it. */
export interface UserBroadcast {
  event: string;
  encoding: "json" | "binary";
  body: Uint8Array<ArrayBuffer>;
  meta?: Record<string, unknown>;
}

/** What a client has sent: a message, or a broadcast in a binary frame. */
export type Incoming =
  & Omit<Message, "payload">
  & ({ payload: unknown; broadcast?: undefined } | {
    payload?: undefined;
    broadcast: UserBroadcast;
  });

/** A message on its way to clients, encoded once for each serializer, however many hear it. */
export interface Outgoing {
  /** Null: this serializer cannot say it. */
  encode(version: Version): string | Uint8Array<ArrayBuffer> | null;
}

/** A frame that is not of the protocol. */
export class MalformedFrameError extends Error {
  override name = "MalformedFrameError";
}

const kinds = { push: 3, broadcast: 4 };
const encodings = ["binary", "json"] as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads a frame. @throws MalformedFrameError */
export function decode(frame: string | ArrayBuffer, version: Version): Incoming {
  try {
    return typeof frame === "string" ? decodeText(frame, version) : decodePush(frame);
  } catch (error) {
    if (error instanceof MalformedFrameError) throw error;
    throw new MalformedFrameError(error instanceof Error ? error.message : "unreadable");
  }
}

function decodeText(frame: string, version: Version): Incoming {
  const parsed: unknown = JSON.parse(frame);
  const fields = version === "1.0.0" ? readObject(parsed) : parsed;
  if (!Array.isArray(fields)) throw new MalformedFrameError("not a message");
  const [joinRef, ref, topic, event, payload] = fields;
  if (typeof topic !== "string" || typeof event !== "string") {
    throw new MalformedFrameError("a message has a topic and an event");
  }
  return { joinRef: readRef(joinRef), ref: readRef(ref), topic, event, payload };
}

function readObject(parsed: unknown): unknown[] | null {
  if (typeof parsed !== "object" || parsed === null) return null;
  const fields: Record<string, unknown> = { ...parsed };
  return [fields.join_ref, fields.ref, fields.topic, fields.event, fields.payload];
}

const readRef = (ref: unknown) =>
  typeof ref === "string" ? ref : typeof ref === "number" ? String(ref) : null;

/** Kind, lengths of five texts, encoding, the texts, the payload. */
function decodePush(frame: ArrayBuffer): Incoming {
  const bytes = new Uint8Array(frame);
  if (bytes[0] !== kinds.push) throw new MalformedFrameError(`unknown kind ${bytes[0]}`);
  const encoding = encodings[bytes[6] ?? -1];
  if (!encoding) throw new MalformedFrameError(`unknown encoding ${bytes[6]}`);
  let offset = 7;
  const [joinRef = "", ref = "", topic = "", event = "", meta = ""] = [...bytes.subarray(1, 6)]
    .map((length) => {
      if (offset + length > bytes.length) throw new MalformedFrameError("shorter than it says");
      return decoder.decode(bytes.subarray(offset, offset += length));
    });
  const broadcast: UserBroadcast = { event, encoding, body: bytes.slice(offset) };
  if (meta !== "") broadcast.meta = JSON.parse(meta);
  if (encoding === "json") JSON.parse(decoder.decode(broadcast.body));
  return { joinRef: joinRef || null, ref: ref || null, topic, event: "broadcast", broadcast };
}

/** A message for one client or many. */
export function outgoing(message: Message): Outgoing {
  return encodeOnce((version) => {
    const { joinRef, ref, topic, event, payload } = message;
    return JSON.stringify(
      version === "1.0.0"
        ? { topic, event, payload, ref, join_ref: joinRef }
        : [joinRef, ref, topic, event, payload],
    );
  });
}

/** A broadcast for all who joined `topic`. Serializer 1.0.0 cannot say a binary one. */
export function outgoingBroadcast(topic: string, broadcast: UserBroadcast): Outgoing {
  return encodeOnce((version) => {
    if (version === "2.0.0") return encodeBroadcast(topic, broadcast);
    if (broadcast.encoding === "binary") return null;
    const payload = {
      type: "broadcast",
      event: broadcast.event,
      payload: JSON.parse(decoder.decode(broadcast.body)),
      ...(broadcast.meta ? { meta: broadcast.meta } : {}),
    };
    return JSON.stringify({ topic, event: "broadcast", payload, ref: null, join_ref: null });
  });
}

function encodeBroadcast(topic: string, broadcast: UserBroadcast): Uint8Array<ArrayBuffer> {
  const texts = [topic, broadcast.event, broadcast.meta ? JSON.stringify(broadcast.meta) : ""]
    .map((text) => encoder.encode(text));
  const head = [
    kinds.broadcast,
    ...texts.map((text) => text.length),
    encodings.indexOf(broadcast.encoding),
  ];
  const parts = [Uint8Array.from(head), ...texts, broadcast.body];
  const frame = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    frame.set(part, offset);
    offset += part.length;
  }
  return frame;
}

function encodeOnce(encode: Outgoing["encode"]): Outgoing {
  const encoded = new Map<Version, ReturnType<Outgoing["encode"]>>();
  return {
    encode(version) {
      const known = encoded.get(version);
      if (known !== undefined) return known;
      const frame = encode(version);
      encoded.set(version, frame);
      return frame;
    },
  };
}

/** How many bytes a text takes in the one-byte lengths of a binary frame; such a frame cannot say more than 255. */
export const fitsFrame = (text: string): boolean => encoder.encode(text).length <= 255;

/** A payload as the body of a broadcast. */
export const encodeBody = (payload: unknown): Uint8Array<ArrayBuffer> =>
  encoder.encode(JSON.stringify(payload));
