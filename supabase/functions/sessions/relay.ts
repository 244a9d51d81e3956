/**
 * Two sockets that say to each other what they hear, for as long as they may.
 */

/** The part of a WebSocket that a relay needs. */
export interface Socket extends EventTarget {
  readonly readyState: number;
  readonly bufferedAmount: number;
  binaryType: string;
  send(data: string | ArrayBuffer): void;
  close(code?: number, reason?: string): void;
}

/** Why a relay ends. Browsers give 3000–4999 to applications; these follow HTTP's numbers. */
export const closings = {
  token_expired: 4401,
  access_revoked: 4403,
  session_closed: 4410,
  message_too_large: 4413,
  too_slow: 4429,
  agent_failed: 4502,
  unavailable: 4503,
} as const;

/** A reason why a relay ends. */
export type Closing = keyof typeof closings;

/** How much a relay takes; in bytes. */
export interface RelayLimits {
  message: number;
  /** What may wait for one side to read it. */
  backlog: number;
}

/** What a relay takes unless told otherwise: 1 MiB a message, 8 MiB waiting. */
export const relayLimits: RelayLimits = { message: 1024 * 1024, backlog: 8 * 1024 * 1024 };

const connecting = 0;
const open = 1;

function sizeOf(data: string | ArrayBuffer): number {
  // No character takes more than three bytes for each of its UTF-16 units.
  return typeof data === "string" ? data.length * 3 : data.byteLength;
}

function exactSizeOf(data: string | ArrayBuffer): number {
  return typeof data === "string" ? new TextEncoder().encode(data).length : data.byteLength;
}

/** A code that may be sent, for one that was received: 1005 and the like are only ever received. */
function codeToSend(code: number): number {
  return code === 1000 || (code >= 3000 && code <= 4999) ? code : 1000;
}

/**
 * Joins two sockets until either closes or `end` is called, and then closes both.
 *
 * @returns `end`, and a promise that resolves once the relay has ended
 */
export function relay(
  client: Socket,
  agent: Socket,
  limits: RelayLimits = relayLimits,
): { end(why: Closing): void; ended: Promise<void> } {
  let finish = () => {};
  const ended = new Promise<void>((resolve) => finish = resolve);
  const waiting: (string | ArrayBuffer)[] = [];
  let waitingSize = 0;
  let isOver = false;

  function closeBoth(clientCode: number, agentCode: number, reason: string): void {
    if (isOver) return;
    isOver = true;
    for (const [socket, code] of [[client, clientCode], [agent, agentCode]] as const) {
      if (socket.readyState <= open) socket.close(code, reason);
    }
    finish();
  }

  function end(why: Closing): void {
    closeBoth(closings[why], why === "agent_failed" ? 1000 : closings[why], why);
  }

  function pass(to: Socket, data: string | ArrayBuffer): void {
    if (isOver) return;
    if (sizeOf(data) > limits.message && exactSizeOf(data) > limits.message) {
      return end("message_too_large");
    }
    if (to.readyState === connecting) {
      waitingSize += exactSizeOf(data);
      if (waitingSize > limits.backlog) return end("too_slow");
      waiting.push(data);
      return;
    }
    // Neither side can be asked to pause: whoever falls too far behind is let go.
    if (to.bufferedAmount > limits.backlog) return end("too_slow");
    if (to.readyState === open) to.send(data);
  }

  for (const [from, to] of [[client, agent], [agent, client]] as const) {
    from.binaryType = "arraybuffer";
    from.addEventListener("message", (event) => pass(to, (event as MessageEvent).data));
    from.addEventListener("close", (event) => {
      const { code, reason } = event as CloseEvent;
      closeBoth(codeToSend(code), codeToSend(code), reason);
    });
  }
  client.addEventListener("open", () => {
    for (const data of waiting.splice(0)) pass(client, data);
  });
  client.addEventListener("error", () => closeBoth(1000, 1000, ""));
  agent.addEventListener("error", () => end("agent_failed"));
  return { end, ended };
}
