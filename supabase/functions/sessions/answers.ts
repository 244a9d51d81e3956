/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import {
  type Answers,
  count,
  id,
  seconds,
  type SocketAnswer,
  time,
} from "../_shared/http/answer-schemas.ts";
import { refusalCodes } from "./connect-agent.ts";
import { handoverProtocol, protocolName } from "./read-token.ts";
import { closeCodes, control, formatComeAgain, formatHeard, relayBounds } from "./relay.ts";

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

/** Texts that differ only in their count. */
const counted = (format: (count: number) => string) =>
  z.string().regex(new RegExp(`^${format(0).replace("0", "\\d+")}$`));
const most = relayBounds.longestMessage;
const connected: SocketAnswer = {
  protocols: {
    [protocolName]:
      "Offered with `bearer.<token>` where no header can be sent. Without any, all is as with this.",
    [handoverProtocol]:
      "The same, for a client that connects again by itself: it is asked to by a text.",
  },
  takes: [
    { type: "text", about: "Passed on to the agent as it is.", most },
    { type: "binary", about: "Passed on to the agent as it is.", most },
  ],
  sends: [
    {
      type: "text",
      about: "What the agent says. A \\u0010 that it begins with is doubled.",
      text: z.string().regex(new RegExp(`^(?!${control}(?!${control}))`)),
      protocol: handoverProtocol,
    },
    {
      type: "text",
      about: "Close with 4307, connect again, and send again what is not counted here.",
      text: counted(formatComeAgain),
      protocol: handoverProtocol,
    },
    { type: "text", about: "What the agent says, as it is.", protocol: protocolName },
    { type: "binary", about: "What the agent says, as it is." },
  ],
  closes: [...Object.values(closeCodes), ...refusalCodes].sort((a, b) => a - b).map((code) => ({
    code,
    ...(code === closeCodes.comeAgain ? { reason: counted(formatHeard) } : {}),
  })),
};

/** By handler. */
export const answers: Answers = {
  openSession: { 200: opened, 201: opened },
  listSessions: { 200: z.object({ sessions: z.array(session) }) },
  placeSession: { 200: session },
  recordTurn: { 200: turn, 201: turn },
  closeSession: {
    200: z.object({ session_id: id, closed: z.literal(true), was_open: z.boolean() }),
  },
  connectAgent: { 101: connected },
};
