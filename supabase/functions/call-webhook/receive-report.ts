import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readText } from "../_shared/input.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";
import { parseStorable } from "../_shared/json.ts";
import { readReport, recordReport, voiceMessage } from "../dispatch-calls/voice-report.ts";
import { checkSignature } from "./check-signature.ts";

/** Bytes: an hour's transcript with its messages. */
const longestReport = 1024 * 1024;

function parse(text: string): Json {
  try {
    return parseStorable(text) as Json;
  } catch {
    throw new ApiError(400, "invalid_json", "The body is not valid JSON.");
  }
}

/**
 * `POST /call-webhook`: what became of a call. 201 when it was recorded now, 200 when it was known
 * (the same outcome, however often it is sent), and 200 with `recorded: false` for messages that
 * say something else. Anything but 2xx: send it again.
 */
export async function receiveReport(context: RequestContext): Promise<Response> {
  const { environment, database } = context.env;
  if (environment.voiceWebhookSecret === null) {
    throw new ApiError(503, "not_configured", "GROUNDWORK_VOICE_WEBHOOK_SECRET is not set.");
  }
  const text = await readText(context.req.raw, longestReport);
  checkSignature(context.req.raw.headers, text, environment.voiceWebhookSecret);
  const payload = parse(text);
  const parsed = voiceMessage.safeParse(payload);
  if (!parsed.success) {
    throw new ApiError(400, "invalid_body", "message: must be the provider's, with a type");
  }
  const { type, call, ...around } = parsed.data.message;
  if (type !== "end-of-call-report") return answer({ recorded: false });
  if (!call) throw new ApiError(400, "invalid_body", "message.call: must be a call with an id");
  const { outcome_id, is_new } = await recordReport(database, readReport(call, payload, around));
  return answer({ recorded: true, outcome_id, is_new }, is_new ? 201 : 200);
}
takes(receiveReport, { body: voiceMessage });
