/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, id, time } from "../_shared/http/answer-schemas.ts";

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
const events = "text/event-stream";
const any = "*/*";

/** By handler. */
export const answers: Answers = {
  openStream: { 201: stream },
  appendChunks: { 200: z.object({ next: count, stop: stop.optional() }) },
  finishStream: { 200: stream },
  readStream: { 200: events },
  stopStream: { 200: stream },
  awaitStop: { 200: z.object({ stop }), 204: null },
  sendToChat: { 200: events },
  resumeChat: { 200: events, 204: null },
  stopChat: { 200: stream, 204: null },
  createDurable: { 200: null, 201: null },
  appendDurable: { 200: null, 204: null },
  readDurable: { 200: any, 204: null, 304: null },
  removeDurable: { 204: null },
};
