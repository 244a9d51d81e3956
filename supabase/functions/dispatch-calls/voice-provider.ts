/** The voice provider's API, as far as dialling needs it. The form is VAPI's. */
import { z } from "zod";
import {
  NoAnswer,
  readRetryAfter,
  sendTrusted,
  type TrustedAnswer,
  type TrustedRequest,
} from "../_shared/outbound/trusted-request.ts";
import { parseStorable } from "../_shared/json.ts";
import { type VoiceCall, voiceCall } from "./voice-report.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";

/** A call to be made. */
export interface NewCall {
  readonly key: string;
  readonly queue: string;
  readonly dialId: number;
  /** E.164, with `;ext=` for an extension. */
  readonly phone: string;
  readonly assistantId: string;
  readonly phoneNumberId: string | null;
  readonly variables: Record<string, string>;
}

/** What the provider said to a new call. */
export type Accepted =
  | { kind: "accepted"; id: string }
  | { kind: "refused"; why: string }
  /** `wait` in seconds, where it says so. */
  | { kind: "later"; why: string; wait: number | null };

/** A call that the provider knows, and how it described it. */
export interface KnownCall {
  readonly call: VoiceCall;
  readonly payload: Json;
}

/** The provider does not let us in: no call of ours would go through. */
export class NotLetIn extends Error {
  override readonly name = "NotLetIn";
}

/** The provider, for as long as one run of the dispatcher lasts. */
export interface VoiceProvider {
  /** @throws NoAnswer when it may have made the call; NotLetIn */
  start(call: NewCall): Promise<Accepted>;
  /** The call of a key; null when there is none. @throws NoAnswer when that is not certain; NotLetIn */
  find(asked: {
    id: string | null;
    key: string;
    assistantId: string;
    since: string;
  }): Promise<KnownCall | null>;
}

const pageLength = 100;
const mostPages = 5;
const longestList = 16 * 1024 * 1024;
const page = z.array(z.looseObject({ createdAt: z.string().optional() }));

const complaint = z.object({ message: z.union([z.string(), z.array(z.string())]) });

function describe({ status, json }: TrustedAnswer): string {
  const said = complaint.safeParse(json());
  const message = said.success ? `: ${[said.data.message].flat().join("; ").slice(0, 300)}` : "";
  return `the provider answered ${status}${message}`;
}

function readCall(body: unknown): KnownCall {
  const payload = parseStorable(JSON.stringify(body ?? null)) as Json;
  const parsed = voiceCall.safeParse(payload);
  if (!parsed.success) throw new NoAnswer("the provider's answer is no call");
  return { call: parsed.data, payload };
}

/**
 * Makes the provider's client.
 *
 * @param timeLeft milliseconds that a request may take at most, asked before each
 */
export function createVoiceProvider(
  { url, key }: { url: string; key: string },
  timeLeft: () => number,
): VoiceProvider {
  async function request(
    asked: Omit<TrustedRequest, "who" | "patience">,
  ): Promise<TrustedAnswer> {
    const answered = await sendTrusted(url, {
      ...asked,
      who: "the provider",
      headers: { authorization: `Bearer ${key}`, ...asked.headers },
      patience: Math.min(4000, timeLeft()),
    });
    if (answered.status === 401 || answered.status === 403) throw new NotLetIn(describe(answered));
    return answered;
  }

  async function findByKey(callKey: string, assistantId: string, since: string) {
    let before: string | null = null;
    for (let pages = 0; pages < mostPages; pages++) {
      const query = new URLSearchParams({
        assistantId,
        limit: String(pageLength),
        createdAtGe: since,
        ...(before ? { createdAtLt: before } : {}),
      });
      const answered = await request({
        method: "GET",
        path: `/call?${query}`,
        longestBody: longestList,
      });
      const listed = page.safeParse(answered.json());
      if (answered.status !== 200 || !listed.success) throw new NoAnswer(describe(answered));
      for (const body of listed.data) {
        const parsed = voiceCall.safeParse(body);
        if (parsed.success && parsed.data.metadata?.call_key === callKey) return readCall(body);
      }
      if (listed.data.length < pageLength) return null;
      before = listed.data.at(-1)?.createdAt ?? null;
      if (!before) break;
    }
    throw new NoAnswer("the provider lists too many calls to tell");
  }

  return {
    async start({ key: callKey, queue, dialId, phone, assistantId, phoneNumberId, variables }) {
      const [number, extension] = phone.split(";ext=");
      const answered = await request({
        method: "POST",
        path: "/call",
        headers: { "idempotency-key": callKey },
        body: {
          assistantId,
          ...(phoneNumberId ? { phoneNumberId } : {}),
          customer: { number, ...(extension ? { extension } : {}) },
          metadata: { queue, dial_id: dialId, call_key: callKey },
          assistantOverrides: { variableValues: variables },
        },
      });
      const { status } = answered;
      if (answered.ok) {
        const made = z.object({ id: z.string().min(1).max(200) }).safeParse(answered.json());
        if (!made.success) throw new NoAnswer("the provider's answer has no id");
        return { kind: "accepted", id: made.data.id };
      }
      if (status === 429) {
        return { kind: "later", why: describe(answered), wait: readRetryAfter(answered.headers) };
      }
      // A conflict or a timeout on its side may mean that an earlier request is being carried out.
      if (status >= 400 && status < 500 && status !== 408 && status !== 409) {
        return { kind: "refused", why: describe(answered) };
      }
      throw new NoAnswer(describe(answered));
    },

    async find({ id, key: callKey, assistantId, since }) {
      if (id === null) return await findByKey(callKey, assistantId, since);
      const answered = await request({
        method: "GET",
        path: `/call/${encodeURIComponent(id)}`,
        longestBody: longestList,
      });
      if (answered.status === 404) return null;
      if (answered.status !== 200) throw new NoAnswer(describe(answered));
      return readCall(answered.json());
    },
  };
}
