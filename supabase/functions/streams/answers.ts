/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import {
  type Answers,
  count,
  type EventStream,
  id,
  object,
  time,
} from "../_shared/http/answer-schemas.ts";

const stream = z.object({
  stream_id: id,
  conversation_id: id,
  message_id: id,
  parent_id: id.nullable(),
  status: z.enum(["open", "finished", "failed", "stopped"]),
  error: z.string().nullable(),
  client_id: z.string().nullable().describe("The message's id as its client sent it."),
  stop_requested_at: time.optional(),
}).meta({ id: "Stream" });
const stop = z.literal(true);
const any = "*/*";

/** What a reader of a stream hears. */
const pieces: EventStream = {
  events: [
    { isNumbered: true, text: z.string().describe("A chunk, as its writer said it.") },
    {
      event: "message",
      json: z.object({ id, role: z.string(), parts: z.array(object), metadata: object })
        .describe("The whole message, where chunks were lost."),
    },
    {
      event: "end",
      json: z.union([
        z.object({
          status: z.enum(["finished", "failed", "stopped"]),
          message_id: id.nullable(),
          error: z.string().nullable(),
        }),
        z.object({ status: z.enum(["renew", "gone"]) }),
      ]).describe("The last event. `renew`: come again."),
    },
  ],
};

const said = (type: string, fields: z.ZodRawShape = {}) =>
  z.looseObject({ type: z.literal(type), ...fields });
const name = z.string();
/** The chunks of the AI SDK that are made here. */
const made = [
  said("start", { messageId: name }),
  said("text-start", { id: name }),
  said("text-delta", { id: name, delta: z.string() }),
  said("text-end", { id: name }),
  said("error", { errorText: z.string() }),
];
const others = /^(?!(start|text-start|text-delta|text-end|error)$)/;
/** What `useChat` hears. */
const chunks: EventStream = {
  events: [
    {
      json: z.union([
        ...made,
        z.looseObject({ type: z.string().regex(others) })
          .describe("Another chunk, as its writer said it."),
      ]).meta({ id: "UIMessageChunk" }),
    },
    { text: z.literal("[DONE]") },
  ],
};

/** What a reader of a durable stream hears with `live=sse`. */
const durable: EventStream = {
  events: [
    { event: "data", text: z.string() },
    {
      event: "control",
      json: z.object({
        streamNextOffset: z.string(),
        streamCursor: z.string().optional(),
        upToDate: z.literal(true).optional(),
        streamClosed: z.literal(true).optional(),
      }),
    },
  ],
};

/** By handler. */
export const answers: Answers = {
  openStream: { 201: stream },
  appendChunks: { 200: z.object({ next: count, stop: stop.optional() }) },
  finishStream: { 200: stream },
  readStream: { 200: pieces },
  stopStream: { 200: stream },
  awaitStop: { 200: z.object({ stop }), 204: null },
  sendToChat: { 200: chunks },
  resumeChat: { 200: chunks, 204: null },
  stopChat: { 200: stream, 204: null },
  createDurable: { 200: null, 201: null },
  appendDurable: { 200: null, 204: null },
  readDurable: { 200: [any, durable], 204: null, 304: null },
  removeDurable: { 204: null },
};
