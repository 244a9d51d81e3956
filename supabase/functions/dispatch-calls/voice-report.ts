/**
 * What the voice provider says of a call, read into what we keep. The form is VAPI's: a call as
 * `GET /call/:id` answers it, and the end-of-call report, which wraps one.
 *
 * The outcome is the agent's own when it names one of ours (`analysis.structuredData.outcome`: give
 * the assistant a schema with it); otherwise the database reads it from the ending
 * (`private.outcome_of_ending`).
 */
import { z } from "zod";
import type { Database } from "../_shared/database.ts";
import { moment } from "../_shared/input.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";

const outcomes = [
  "answered_interested",
  "answered_not_interested",
  "callback",
  "no_answer",
  "voicemail",
  "wrong_number",
  "do_not_call",
  "failed",
  "unclear",
] as const;

/** Takes what fits and leaves out what does not: one odd field must not lose an outcome. */
function lenient<Schema extends z.ZodType>(schema: Schema) {
  return schema.optional().catch(undefined);
}

const metadata = z.object({
  queue: z.string().max(60),
  dial_id: z.int().positive(),
  call_key: lenient(z.string().min(1).max(200)),
});

const details = z.object({
  endedReason: lenient(z.string().min(1)),
  startedAt: lenient(moment),
  endedAt: lenient(moment),
  durationSeconds: lenient(z.number().min(0).max(86_400)),
  transcript: lenient(z.string()),
  recordingUrl: lenient(z.url({ protocol: /^https?$/ }).max(2000)),
  artifact: lenient(z.object({
    transcript: lenient(z.string()),
    recordingUrl: lenient(z.url({ protocol: /^https?$/ }).max(2000)),
  })),
  analysis: lenient(z.object({
    successEvaluation: lenient(z.union([z.string(), z.boolean()])),
    structuredData: lenient(z.object({
      outcome: lenient(z.enum(outcomes)),
      sentiment: lenient(z.enum(["positive", "neutral", "negative"])),
      follow_up: lenient(z.boolean()),
      callback_at: lenient(moment),
    })),
  })),
});

/** A call as the provider describes it. */
export const voiceCall = details.extend({
  id: z.string().min(1).max(200),
  status: lenient(z.string()),
  metadata: lenient(metadata),
});
/** A call as the provider describes it. */
export type VoiceCall = z.output<typeof voiceCall>;

/** The body of a report: only that of a call's end says what became of it. */
export const voiceMessage = z.object({
  message: details.extend({ type: z.string(), call: voiceCall.optional() }),
});

/** A report as the database takes it. */
export interface CallReport {
  readonly providerCallId: string;
  readonly queue: string | null;
  readonly dialId: number | null;
  readonly fields: Record<string, Json>;
}

/** Whether the provider's own judgement calls it a success; null where it has none. */
function readSuccess({ analysis }: z.output<typeof details>): boolean | null {
  const said = String(analysis?.successEvaluation ?? "").toLowerCase();
  return said === "true" ? true : said === "false" ? false : null;
}

function duration(call: z.output<typeof details>): number | null {
  if (call.durationSeconds !== undefined) return Math.round(call.durationSeconds);
  if (!call.startedAt || !call.endedAt) return null;
  const seconds = Math.round((Date.parse(call.endedAt) - Date.parse(call.startedAt)) / 1000);
  return seconds >= 0 && seconds <= 86_400 ? seconds : null;
}

/**
 * Reads a call that has ended.
 *
 * @param around what the message around the call says of it, which goes before
 * @param payload what is kept as it came
 */
export function readReport(
  call: VoiceCall,
  payload: Json,
  around: z.output<typeof details> = {},
): CallReport {
  const said = Object.fromEntries(
    Object.entries(around).filter(([, value]) => value !== undefined),
  );
  const whole = { ...call, ...said };
  const structured = whole.analysis?.structuredData;
  const transcript = whole.artifact?.transcript ?? whole.transcript;
  return {
    providerCallId: call.id,
    queue: call.metadata?.queue ?? null,
    dialId: call.metadata?.dial_id ?? null,
    fields: {
      outcome: structured?.outcome ?? null,
      is_success: readSuccess(whole),
      call_key: call.metadata?.call_key ?? null,
      transcript: transcript?.slice(0, 500_000).toWellFormed() ?? null,
      sentiment: structured?.sentiment ?? null,
      follow_up: structured?.follow_up ?? false,
      callback_at: structured?.callback_at ?? null,
      duration_seconds: duration(whole),
      recording_url: whole.artifact?.recordingUrl ?? whole.recordingUrl ?? null,
      ended_at: whole.endedAt ?? null,
      ended_reason: whole.endedReason?.slice(0, 200).toWellFormed() ?? null,
      raw_payload: payload,
    },
  };
}

/**
 * Records a report once.
 *
 * @throws ApiError 404 `unknown_call` when the call was made for none of our dials
 */
export async function recordReport(
  database: Database,
  { providerCallId, queue, dialId, fields }: CallReport,
): Promise<{ outcome_id: string; is_new: boolean }> {
  const [row] = await database.run((sql) =>
    sql<{ outcome_id: string; is_new: boolean }[]>`
      select outcome_id, is_new from private.record_call_outcome(
        ${queue}, ${dialId}, ${providerCallId}, ${sql.json(fields)})`
  );
  if (!row) throw new Error("record_call_outcome returned no row");
  return row;
}
