/**
 * How a session passes from an isolate that ends to the next one, without a word lost.
 *
 * What the person says while the old isolate takes leave of the agent can reach the agent through
 * the next one only. It is kept in the scratchpad until that one comes for it:
 *
 *   session:{id}:handover   that it is being handed over, and then what is to be said first
 *
 * The person may be back before the old isolate has written it down: then the next one waits.
 */
import { z } from "zod";
import { log } from "../_shared/log.ts";
import type { Message } from "../_shared/outbound/websocket.ts";
import type { Services } from "../_shared/services.ts";
import type { Carrier } from "./relay.ts";

const kept = z.discriminatedUnion("state", [
  z.object({ state: z.literal("pending") }),
  z.object({
    state: z.literal("ready"),
    id: z.string(),
    messages: z.array(z.union([z.string(), z.object({ base64: z.string() })])),
  }),
]);

/** Bytes that may be carried: what people say within a second, and what a scratchpad takes at once. */
export const mostCarried = 512 * 1024;
/** Seconds that the note lives: for a person who does not come back at once. */
const noteLifetime = 300;
/** Seconds for which it may be said to be coming. */
const pendingLifetime = 20;
/** Milliseconds that the next isolate waits for it, looking this often. */
const longestWait = 8000;
const lookAgain = 50;

const keyOf = (session: string) => `session:${session}:handover`;

function encode(message: Message): string | { base64: string } {
  if (typeof message === "string") return message;
  let binary = "";
  for (const byte of message) binary += String.fromCharCode(byte);
  return { base64: btoa(binary) };
}

function decode(message: string | { base64: string }): Message {
  if (typeof message === "string") return message;
  return Uint8Array.from(atob(message.base64), (letter) => letter.charCodeAt(0));
}

/** Hands a session's unsaid words over. */
export function createCarrier(
  { scratchpad }: Pick<Services, "scratchpad">,
  session: string,
): Carrier {
  const key = keyOf(session);
  return {
    mostCarried,
    async announce() {
      await scratchpad.use((pad) => pad.set(key, { state: "pending" }, pendingLifetime));
    },
    async leave(messages) {
      const note = { state: "ready", id: crypto.randomUUID(), messages: messages.map(encode) };
      await scratchpad.use((pad) =>
        messages.length > 0 ? pad.set(key, note, noteLifetime) : pad.remove([key])
      );
    },
  };
}

/**
 * What the session's former isolate could not say any more. Taken once, whoever else asks.
 *
 * When nobody can be asked there is nothing: a conversation goes on rather than not at all.
 */
export async function takeCarried(
  { scratchpad }: Pick<Services, "scratchpad">,
  session: string,
): Promise<Message[]> {
  const key = keyOf(session);
  try {
    for (const until = Date.now() + longestWait; Date.now() < until;) {
      const note = kept.safeParse(await scratchpad.use((pad) => pad.get(key)));
      if (!note.success) return [];
      if (note.data.state === "ready") {
        const { id, messages } = note.data;
        const claims = await scratchpad.use((pad) => pad.hit(`${key}:${id}`, 1, noteLifetime));
        await scratchpad.use((pad) => pad.remove([key]));
        return claims === 1 ? messages.map(decode) : [];
      }
      await new Promise((resolve) => setTimeout(resolve, lookAgain));
    }
    log("warning", "a session's former isolate left nothing", { session_id: session });
  } catch (error) {
    log("warning", "what a session's former isolate left was not read", { error });
  }
  return [];
}
