/**
 * The voice provider of the tests: a real little HTTP server on loopback that keeps its calls, and
 * that also refuses, fails, delays, accepts and then drops the line, and reports as it is told.
 */
import { everybodys } from "./publishing-platforms.ts";
import type { Environment } from "../_shared/environment.ts";
import { sign, signatureHeader, timestampHeader } from "../call-webhook/check-signature.ts";
import { app as webhook } from "../call-webhook/index.ts";
import type { Answered, Isolate } from "./world.ts";

/** A call as the provider keeps it. */
export interface Call {
  id: string;
  status: string;
  createdAt: string;
  assistantId: string;
  customer: { number: string };
  metadata: { queue: string; dial_id: number; call_key: string };
  // deno-lint-ignore no-explicit-any -- whatever a test lets it say
  [more: string]: any;
}

/** What the provider does with a request instead of answering it well. */
export type Mood = (
  request: Request,
  // deno-lint-ignore no-explicit-any -- the body of a call to be made
  body: any,
  accept: () => Call,
) => Promise<Response | "drop" | null> | Response | "drop" | null;

/** The provider, and what it has seen. */
export interface VoiceProvider extends AsyncDisposable {
  environment: Pick<Environment, "voice" | "voiceWebhookSecret">;
  calls: Call[];
  seen: { method: string; path: string; key: string | null; authorization: string | null }[];
  mood: Mood;
  callsOf(dial: number): Call[];
}

export const secret = "a secret of the provider and us";

/** Starts it. */
export function startVoiceProvider(): VoiceProvider {
  const calls: Call[] = [];
  const seen: VoiceProvider["seen"] = [];

  const provider: VoiceProvider = {
    environment: { voice: null, voiceWebhookSecret: secret },
    calls,
    seen,
    mood: () => null,
    callsOf: (dial) => calls.filter(({ metadata }) => metadata.dial_id === dial),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const url = new URL(request.url);
    const { method } = request;
    seen.push({
      method,
      path: url.pathname + url.search,
      key: request.headers.get("idempotency-key"),
      authorization: request.headers.get("authorization"),
    });
    const body = method === "POST" ? await request.json() : null;
    const accept = () => {
      const call: Call = {
        ...body,
        id: crypto.randomUUID(),
        status: "queued",
        createdAt: new Date().toISOString(),
      };
      calls.push(call);
      return call;
    };
    const moody = await provider.mood(request, body, accept);
    if (moody === "drop") {
      // The line breaks in the middle of the answer.
      return new Response(
        new ReadableStream({
          start(stream) {
            stream.enqueue(new TextEncoder().encode('{"id": "'));
            stream.error(new Error("dropped"));
          },
        }),
      );
    }
    if (moody) return moody;
    if (method === "POST" && url.pathname === "/call") {
      return Response.json(accept(), { status: 201 });
    }
    if (url.pathname === "/call") {
      return Response.json(
        calls.filter((call) =>
          call.assistantId === url.searchParams.get("assistantId") &&
          call.createdAt >= (url.searchParams.get("createdAtGe") ?? "")
        ).toReversed().slice(0, 100),
      );
    }
    const call = calls.find(({ id }) => url.pathname === `/call/${id}`);
    return call ? Response.json(call) : Response.json({ message: "Not found" }, { status: 404 });
  });
  const { port } = server.addr as Deno.NetAddr;
  provider.environment = {
    voice: { url: `http://127.0.0.1:${port}/`, keys: everybodys("the key") },
    voiceWebhookSecret: secret,
  };
  return provider;
}

/** The report that the provider sends when a call has ended. */
export function reportOf(call: Pick<Call, "id" | "metadata">, said: Record<string, unknown> = {}) {
  return {
    message: {
      type: "end-of-call-report",
      endedReason: "customer-ended-call",
      artifact: { transcript: "AI: Hello. User: Yes." },
      analysis: { structuredData: { outcome: "answered_interested", sentiment: "positive" } },
      durationSeconds: 61.4,
      call: { id: call.id, metadata: call.metadata, status: "ended" },
      ...said,
    },
  };
}

/** Sends a body to the webhook, signed as given. */
export async function sendReport(
  isolate: Isolate,
  report: unknown,
  how: { at?: number; secret?: string; headers?: Record<string, string> } = {},
): Promise<Answered> {
  const body = typeof report === "string" ? report : JSON.stringify(report);
  const timestamp = String(how.at ?? Math.floor(Date.now() / 1000));
  return await isolate.ask(webhook, "POST", "/call-webhook", {
    body,
    headers: {
      "content-type": "application/json",
      [timestampHeader]: timestamp,
      [signatureHeader]: sign(how.secret ?? secret, timestamp, body),
      ...how.headers,
    },
  });
}
