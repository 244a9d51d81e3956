/** The webhook: who may report, and what counts. */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { sign, signatureHeader, timestampHeader } from "../call-webhook/check-signature.ts";
import { createCallingWorld } from "./calls.ts";
import { reportOf, secret, sendReport } from "./voice-provider.ts";
import { ask, connect, startIsolate } from "./world.ts";

const sql = connect();
const world = await createCallingWorld(sql);
const isolate = startIsolate({ voiceWebhookSecret: secret });
Deno.test.afterAll(async () => {
  await isolate[Symbol.asyncDispose]();
  await sql.end();
});

/** A dial that is on the phone, and its call. */
async function startCall(lead?: string) {
  const dial = await world.addDial(lead);
  await sql`update public.dial_queue set scheduled_for = now() + interval '1 day'
    where workspace_id = ${world.workspace} and status = 'pending' and id <> ${dial}`;
  const id = crypto.randomUUID();
  const metadata = { queue: "dial_queue", dial_id: dial, call_key: `test ${id}` };
  await sql`
    update public.dial_queue
    set status = 'in_progress', attempts = 1, claimed_by = 'test', claim_token = gen_random_uuid(),
      lease_expires_at = now() + interval '30 minutes', started_at = now(), call_key = ${metadata.call_key},
      provider_call_id = ${id}
    where id = ${dial}`;
  return { dial, call: { id, metadata } };
}

function loose(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

loose("a report is recorded with what was said, as it came, and finishes the dial", async () => {
  const lead = await world.addLead();
  const { dial, call } = await startCall(lead);
  const report = reportOf(call, {
    recordingUrl: "https://voice.example/1.mp3",
    note: "Grüße\u0000",
  });
  const told = await sendReport(isolate, report);
  assertDeepEquals([told.status, told.body.recorded, told.body.is_new], [201, true, true]);
  const [row] = await sql`
    select lead_id, outcome, transcript, sentiment, duration_seconds, recording_url, ended_reason, raw_payload
    from public.call_outcomes where id = ${told.body.outcome_id}`;
  assertDeepEquals({ ...row }, {
    lead_id: lead,
    outcome: "answered_interested",
    transcript: "AI: Hello. User: Yes.",
    sentiment: "positive",
    duration_seconds: 61,
    recording_url: "https://voice.example/1.mp3",
    ended_reason: "customer-ended-call",
    raw_payload: { message: { ...report.message, note: "Grüße" } },
  });
  assertEquals((await world.dial(dial)).status, "done");
});

loose("twenty times at once it counts once, and every sender is told so", async () => {
  const lead = await world.addLead();
  const { dial, call } = await startCall(lead);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => sendReport(isolate, reportOf(call))),
  );
  assertDeepEquals(answers.map(({ status }) => status).toSorted(), [...Array(19).fill(200), 201]);
  assertEquals(new Set(answers.map(({ body }) => body.outcome_id)).size, 1);
  assertEquals((await world.outcomes(dial)).length, 1);
  assertEquals((await world.lead(lead)).contact_count, 1);
});

loose("out of order, the later call decides", async () => {
  const lead = await world.addLead();
  const first = await startCall(lead);
  const second = await startCall(lead);
  const at = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const saying = (outcome: string, endedAt: string) => ({
    endedAt,
    analysis: { structuredData: { outcome } },
  });
  await sendReport(isolate, reportOf(second.call, saying("answered_not_interested", at(1))));
  await sendReport(isolate, reportOf(first.call, saying("answered_interested", at(10))));
  assertDeepEquals(await world.lead(lead), {
    status: "not_interested",
    contact_count: 2,
    do_not_call: false,
  });
});

loose("without a word of the agent's the reason for the end tells the outcome", async () => {
  const reasons = {
    "customer-did-not-answer": "no_answer",
    "customer-busy": "no_answer",
    "voicemail": "voicemail",
    "pipeline-error-openai-llm-failed": "unclear",
    "call.in-progress.sip-completed-call": "unclear",
    "added-by-the-provider-yesterday": "unclear",
    "twilio-failed-to-connect-call": "failed",
    "customer-ended-call": "unclear",
  };
  for (const [endedReason, outcome] of Object.entries(reasons)) {
    const { dial, call } = await startCall();
    await sendReport(isolate, reportOf(call, { endedReason, analysis: {} }));
    assertEquals((await world.outcomes(dial))[0]?.outcome, outcome, endedReason);
  }
  const { dial, call } = await startCall();
  await sendReport(
    isolate,
    reportOf(call, {
      analysis: { successEvaluation: "true", structuredData: { outcome: "sold" } },
    }),
  );
  assertEquals((await world.outcomes(dial))[0]?.outcome, "answered_interested");
});

loose("who asks not to be called is not called any more, by any lead's dial", async () => {
  const phone = "+15129990001";
  const [lead, same] = [await world.addLead(phone), await world.addLead(phone)];
  const { call } = await startCall(lead);
  const waiting = await world.addDial(same);
  await sendReport(
    isolate,
    reportOf(call, { analysis: { structuredData: { outcome: "do_not_call" } } }),
  );
  assertDeepEquals(await world.lead(lead), {
    status: "do_not_call",
    contact_count: 1,
    do_not_call: true,
  });
  assertEquals((await world.dial(waiting)).status, "cancelled");
});

loose("what is not signed, or not lately, is refused and records nothing", async () => {
  const { dial, call } = await startCall();
  const report = reportOf(call);
  const now = Math.floor(Date.now() / 1000);
  const refusals: [string, Parameters<typeof sendReport>[2]][] = [
    ["invalid_signature", { secret: "another secret of somebody" }],
    ["invalid_signature", { headers: { [signatureHeader]: "" } }],
    ["invalid_signature", { headers: { [signatureHeader]: sign(secret, String(now), "{}") } }],
    ["invalid_signature", { headers: { [signatureHeader]: "0".repeat(64) } }],
    ["invalid_signature", { headers: { [timestampHeader]: String(now - 1) } }],
    ["invalid_signature", { headers: { [timestampHeader]: "" } }],
    ["stale_signature", { at: now - 301 }],
    ["stale_signature", { at: now + 330 }],
    ["stale_signature", { at: (now - 301) * 1000 }],
  ];
  for (const [code, how] of refusals) {
    const told = await sendReport(isolate, report, how);
    assertDeepEquals([told.status, told.body.error.code], [401, code], JSON.stringify(how));
  }
  assertEquals((await world.outcomes(dial)).length, 0);
  const body = JSON.stringify(report);
  const prefixed = `sha256=${sign(secret, String(now * 1000), body).toUpperCase().toLowerCase()}`;
  const told = await sendReport(isolate, body, {
    at: now * 1000,
    headers: { [signatureHeader]: prefixed },
  });
  assertEquals(told.status, 201);
  // A replay within the five minutes is the same outcome.
  assertEquals((await sendReport(isolate, body, { at: now })).body.is_new, false);
  assertEquals((await world.outcomes(dial)).length, 1);
});

loose("other messages are heard and not recorded; what is none is refused", async () => {
  const { dial, call } = await startCall();
  const update = {
    message: { type: "status-update", call: { id: call.id, metadata: call.metadata } },
  };
  const heard = await sendReport(isolate, update);
  assertDeepEquals([heard.status, heard.body], [200, { recorded: false }]);
  const refusals: [number, string, unknown][] = [
    [400, "invalid_json", "{"],
    [400, "invalid_body", "[]"],
    [400, "invalid_body", { message: {} }],
    [400, "invalid_body", { message: { type: "end-of-call-report" } }],
    [413, "body_too_large", { message: { type: "x", text: "x".repeat(1_100_000) } }],
    [
      404,
      "unknown_call",
      reportOf({ id: "x", metadata: { ...call.metadata, dial_id: 999_999_999 } }),
    ],
    [
      404,
      "unknown_call",
      reportOf({ id: "x", metadata: { ...call.metadata, queue: "audit_log" } }),
    ],
    [404, "unknown_call", { message: { type: "end-of-call-report", call: { id: "nobody's" } } }],
  ];
  for (const [status, code, body] of refusals) {
    const told = await sendReport(isolate, body);
    assertDeepEquals([told.status, told.body.error.code], [status, code]);
  }
  assertEquals((await world.outcomes(dial)).length, 0);
  const unnamed = { message: { type: "end-of-call-report", call: { id: call.id } } };
  assertEquals((await sendReport(isolate, unnamed)).status, 201);
  assert((await world.outcomes(dial)).length === 1);
});

Deno.test("without the secret nothing is believed", async () => {
  const told = await ask("POST", "/call-webhook", { body: {} });
  assertDeepEquals([told.status, told.body.error.code], [503, "not_configured"]);
});
