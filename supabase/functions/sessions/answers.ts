/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, id, seconds, time } from "../_shared/http/answer-schemas.ts";

const session = z.object({
  session_id: id,
  user_id: id,
  agent_id: id,
  workspace_id: id,
  node: z.string().nullable().describe("Which process holds the socket."),
  opened_at: time,
  last_seen_at: time,
}).meta({ id: "Session" });
const opened = z.object({
  session_id: id,
  agent_id: id,
  workspace_id: id,
  opened_at: time,
  endpoint_url: z.url().nullable(),
  connect_path: z.string(),
  connect_url: z.url(),
  idle_seconds: seconds,
  revision: count,
});
const turn = z.object({ session_id: id, audit_id: z.int(), is_new: z.boolean() });

/** By handler. */
export const answers: Answers = {
  openSession: { 200: opened, 201: opened },
  listSessions: { 200: z.object({ sessions: z.array(session) }) },
  placeSession: { 200: session },
  recordTurn: { 200: turn, 201: turn },
  closeSession: {
    200: z.object({ session_id: id, closed: z.literal(true), was_open: z.boolean() }),
  },
  connectAgent: { 101: null },
};
