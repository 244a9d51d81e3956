/** One claimed dial: asked about, dialled, or left alone. */
import type { Database } from "../_shared/database.ts";
import { NoAnswer } from "../_shared/outbound/trusted-request.ts";
import { readReport, recordReport } from "./voice-report.ts";
import type { VoiceProvider } from "./voice-provider.ts";

/** A dial as `private.claim_calls` returns it. */
export interface ClaimedDial {
  readonly id: number;
  readonly workspace_id: string;
  readonly claim_token: string;
  readonly phone: string;
  readonly assistant: {
    assistant_id: string;
    phone_number_id: string | null;
    variables: Record<string, string>;
  };
  readonly call_key: string | null;
  readonly provider_call_id: string | null;
  /** ISO 8601: its call may have been made. Null: it has not been dialled. */
  readonly started_at: string | null;
}

/** What became of a claimed dial. */
export type Dialled =
  | "dialled"
  | "already_made"
  | "recorded"
  | "cancelled"
  | "waiting"
  | "retried"
  | "failed"
  | "lost";

const verdicts: Record<string, Dialled> = {
  cancel: "cancelled",
  wait: "waiting",
  give_up: "failed",
};
/** How long a call that is still on the phone is left alone before it is asked about again. */
const stillTalking = "5 minutes";
/** After that an unanswered question about a call is asked again. */
const askAgain = "5 minutes";

async function failCall(
  database: Database,
  queue: string,
  { id, claim_token }: ClaimedDial,
  how: { why: string; mayHaveArrived: boolean; wait?: string | null; retry?: boolean },
): Promise<Dialled> {
  const [row] = await database.run((sql) =>
    sql<{ became: string }[]>`
      select private.fail_call(${queue}, ${claim_token}, ${id}, ${how.why}, ${how.mayHaveArrived},
        ${how.wait ?? null}::interval, ${how.retry ?? true}) as became`
  );
  return row?.became === "failed" ? "failed" : "retried";
}

/** What the provider knows of a call that may have been made; null: nothing, it can be dialled. */
async function askAbout(
  database: Database,
  provider: VoiceProvider,
  queue: string,
  dial: ClaimedDial,
  startedAt: string,
): Promise<Dialled | null> {
  const known = await provider.find({
    id: dial.provider_call_id,
    key: dial.call_key ?? "",
    assistantId: dial.assistant.assistant_id,
    since: new Date(Date.parse(startedAt) - 60_000).toISOString(),
  });
  if (!known) return null;
  if (known.call.status === "ended") {
    const report = readReport(known.call, known.payload);
    await recordReport(database, {
      ...report,
      queue,
      dialId: dial.id,
      fields: { ...report.fields, call_key: dial.call_key },
    });
    return "recorded";
  }
  await database.run((sql) =>
    sql`select private.hold_call(
      ${queue}, ${dial.claim_token}, ${dial.id}, ${known.call.id}, ${stillTalking}::interval)`
  );
  return "already_made";
}

/**
 * Dials, after asking about an earlier try.
 *
 * @throws NotLetIn when the provider refuses our key; the caller gives the dial back
 */
export async function dialOnce(
  database: Database,
  provider: VoiceProvider,
  queue: string,
  dial: ClaimedDial,
): Promise<Dialled> {
  if (dial.started_at !== null) {
    try {
      const known = await askAbout(database, provider, queue, dial, dial.started_at);
      if (known) return known;
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return await failCall(database, queue, dial, {
        why: error.message,
        mayHaveArrived: true,
        wait: askAgain,
      });
    }
  }
  const [begun] = await database.run((sql) =>
    sql<{ verdict: string; call_key: string | null }[]>`
      select verdict, call_key from private.begin_call(${queue}, ${dial.claim_token}, ${dial.id})`
  );
  if (begun?.verdict !== "dial" || begun.call_key === null) {
    return verdicts[begun?.verdict ?? ""] ?? "lost";
  }
  const { assistant_id, phone_number_id, variables } = dial.assistant;
  let accepted;
  try {
    accepted = await provider.start({
      key: begun.call_key,
      queue,
      dialId: dial.id,
      phone: dial.phone,
      assistantId: assistant_id,
      phoneNumberId: phone_number_id,
      variables,
    });
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return await failCall(database, queue, dial, { why: error.message, mayHaveArrived: true });
  }
  if (accepted.kind === "accepted") {
    const { id } = accepted;
    // False when the outcome was faster than this answer: then nothing is left to hold.
    await database.run((sql) =>
      sql`select private.hold_call(${queue}, ${dial.claim_token}, ${dial.id}, ${id})`
    );
    return "dialled";
  }
  return await failCall(database, queue, dial, {
    why: accepted.why,
    mayHaveArrived: false,
    wait: accepted.kind === "later" && accepted.wait !== null ? `${accepted.wait} s` : null,
    retry: accepted.kind === "later",
  });
}
