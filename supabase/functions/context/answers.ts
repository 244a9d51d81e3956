/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, id, object, time } from "../_shared/http/answer-schemas.ts";

const message = z.union([
  z.object({ role: z.literal("system"), content: z.string(), memory_ids: z.array(id) })
    .describe("A list of memories."),
  z.object({ id, role: z.string(), parts: z.array(object) }),
  z.object({
    id,
    role: z.string(),
    content: z.string().describe("The short form of an older message."),
  }),
]);
const leftOut = z.union([
  z.object({
    what: z.literal("messages"),
    from: id,
    reason: z.enum(["budget", "older_than_fifty"]),
  }),
  z.object({ what: z.literal("profile"), from: id, reason: z.literal("more_than_a_hundred") }),
  z.object({ what: z.enum(["profile", "memory"]), id, reason: z.literal("budget") }),
]);
const prompt = z.object({
  record_id: z.int(),
  conversation_id: id,
  message_id: id,
  messages: z.array(message),
  token_count: count,
  budget: count,
  left_out: z.array(leftOut).describe("What did not fit, and why."),
});
const kept = prompt.extend({ created_at: time });

const neighbour = z.object({ id, role: z.string(), text: z.string().nullable() }).nullable();
const found = z.object({
  message_id: id,
  client_id: z.string().nullable(),
  conversation_id: id,
  title: z.string(),
  role: z.string(),
  said_at: time,
  passage: z.string(),
  before: neighbour,
  after: neighbour,
  score: z.number(),
  similarity: z.number().nullable(),
});

/** By handler. */
export const answers: Answers = {
  assembleContext: { 200: prompt.extend({ preprocessing_log_id: z.int().nullable() }) },
  replayContext: { 200: kept },
  findPrompt: { 200: kept },
  searchMessages: { 200: z.object({ messages: z.array(found), by_meaning: z.boolean() }) },
};
