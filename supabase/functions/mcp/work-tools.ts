/** The tools by which an agent does the work of its workspace's queues. */
import { z } from "zod";
import { moment } from "../_shared/input.ts";
import { app as work } from "../work/index.ts";
import { askRoute } from "./session.ts";
import { type Tool, tool } from "./tool.ts";

const queue = z.string().regex(/^[a-z][a-z0-9_]{0,50}$/).describe("The queue, e.g. dial_queue");
const held = { queue, claim_token: z.uuid(), ids: z.array(z.int().min(1)).min(1).max(100) };
const scope = (input: Record<string, unknown>) => `work:${input.queue}`;

/** Claiming, finishing, failing and putting off. */
export const workTools: readonly Tool[] = [
  tool({
    name: "claim_work",
    title: "Claim work",
    description:
      "Up to `batch` pieces of due work, held for `lease` seconds under one claim_token.",
    scope,
    isForAgentsOnly: true,
    input: z.object({
      queue,
      worker: z.string().min(1).max(200),
      batch: z.int().min(1).max(100).default(1),
      lease: z.number().min(1).max(86_400).default(300),
    }),
    run: (session, { queue, ...body }) =>
      askRoute(session, work, "POST", `/work/${queue}/claim`, body),
  }),
  tool({
    name: "complete_work",
    title: "Complete work",
    description: "Claimed work is done. `outcome` sets columns that the queue keeps.",
    scope,
    isForAgentsOnly: true,
    input: z.object({ ...held, outcome: z.record(z.string(), z.json()).default({}) }),
    run: (session, { queue, ...body }) =>
      askRoute(session, work, "POST", `/work/${queue}/complete`, body),
  }),
  tool({
    name: "fail_work",
    title: "Fail work",
    description: "An attempt failed, and why. It is tried again, unless retry is false.",
    scope,
    isForAgentsOnly: true,
    input: z.object({ ...held, error: z.string().max(2000), retry: z.boolean().default(true) }),
    run: (session, { queue, ...body }) =>
      askRoute(session, work, "POST", `/work/${queue}/fail`, body),
  }),
  tool({
    name: "snooze_work",
    title: "Snooze work",
    description: "Gives claimed work back until a time; the attempt does not count.",
    scope,
    isForAgentsOnly: true,
    input: z.object({ ...held, until: moment }),
    run: (session, { queue, ...body }) =>
      askRoute(session, work, "POST", `/work/${queue}/snooze`, body),
  }),
];
