/**
 * Passes messages between a person's WebSocket and their agent's, in order, until either ends or
 * somebody ends it.
 *
 * Nothing grows without bound. A message may be 1 MiB long. What the person says before the agent is
 * reached, while permissions cannot be asked, or faster than the agent reads, waits in at most 4 MiB.
 * What the agent says is read no faster than the person takes it.
 */
import type { Closure, Message, OutboundSocket } from "../_shared/outbound/websocket.ts";

/** What a relay closes the person's socket with. The agent's own codes are passed on as they are. */
export const closeCodes = {
  /** A message is longer than 1 MiB. */
  tooLong: 1009,
  /** Too much waits for the agent, or permissions cannot be asked: try again. */
  tryAgain: 1013,
  /** The agent cannot be reached, or its connection broke. Not 1014: some clients take that for an error. */
  agentAway: 1011,
  /** This isolate ends: come again at once. What was said is or will be delivered, each once. */
  comeAgain: 4307,
  tokenExpired: 4401,
  revoked: 4403,
  sessionClosed: 4404,
} as const;

/** What a relay needs of the person's socket; a `WebSocket` is one. */
export type PersonsSocket = Pick<
  WebSocket,
  "send" | "close" | "readyState" | "bufferedAmount" | "onmessage" | "onclose"
>;

/** A running relay. */
export interface Relay {
  /** Resolves when it has ended; both sockets are closing by then. */
  readonly ended: Promise<Closure>;
  /** Ends it: the person's socket is closed with this, the agent's with 1001. */
  end(code: number, reason: string): void;
  /**
   * Takes leave of both because the isolate ends (4307 for both): what the agent says until it has
   * heard of it is delivered, what the person says until then is left to the session's next relay.
   */
  handOver(carrier: Carrier): void;
  /** Passes nothing on until `release`: what comes waits. */
  hold(): void;
  release(): void;
}

/** Takes what one relay could not say to the next. */
export interface Carrier {
  /** Bytes that it takes. */
  readonly mostCarried: number;
  /** Says that something may be coming: the next relay waits for it. */
  announce(): Promise<void>;
  /** Leaves it, in order; nothing is coming after that. */
  leave(messages: Message[]): Promise<void>;
}

/** Bounds, in bytes. */
export interface RelayBounds {
  readonly longestMessage: number;
  readonly mostWaiting: number;
  /** Of what the person has not taken yet; above it the agent is not read. */
  readonly highWater: number;
}

const mebibyte = 1024 * 1024;

/** The bounds in use. */
export const relayBounds: RelayBounds = {
  longestMessage: mebibyte,
  mostWaiting: 4 * mebibyte,
  highWater: mebibyte,
};

/** Milliseconds that a person's socket has for taking leave. */
const longestLeave = 3000;
/** Milliseconds after which a person who was too slow is looked at again: WebSockets do not say when. */
const lookAgain = 20;
const open = 1;
const longestReason = 123;
const handedOver = "This isolate ends. Come again.";

function sizeOf(message: Message): number {
  return typeof message === "string" ? new TextEncoder().encode(message).length : message.length;
}

/** A close reason as long as frames allow, cut between characters. */
function shorten(reason: string): string {
  const room = new Uint8Array(longestReason);
  return reason.slice(0, new TextEncoder().encodeInto(reason, room).read);
}

/**
 * Closes a person's socket. Runtimes before Deno 2.2 let a server send only 1000 and 3000–4999, as a
 * browser may: there the codes from 1001 on are sent as 4001 and so on.
 */
export function closePersons(socket: PersonsSocket, code: number, reason: string): void {
  if (code === 1005 || code === 1006) return socket.close();
  try {
    socket.close(code, shorten(reason));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    socket.close(code < 3000 ? code + 3000 : 4000, shorten(reason));
  }
}

/**
 * Begins to relay.
 *
 * @param socket the person's, open
 * @param connect reaches the agent; when it rejects the person is told 1011
 */
export function startRelay(
  socket: PersonsSocket,
  connect: () => Promise<OutboundSocket>,
  bounds: RelayBounds = relayBounds,
): Relay {
  const { promise: ended, resolve } = Promise.withResolvers<Closure>();
  const waiting: Message[] = [];
  let waitingSize = 0;
  let agent: OutboundSocket | null = null;
  /** What the agent is told, also if it is reached after that; null until it is over. */
  let farewell: Closure | null = null;
  let isHeld = false;
  /** Set while the relay takes leave: nothing more is said to the agent. */
  let isLeaving = false;
  const agentLeft = Promise.withResolvers<void>();
  const personLeft = Promise.withResolvers<void>();
  let released = Promise.withResolvers<void>();
  released.resolve();

  function finish(code: number, reason: string, toAgent: number): void {
    if (farewell) return;
    farewell = { code: toAgent, reason };
    waiting.length = 0;
    released.resolve();
    agent?.close(toAgent, reason);
    if (socket.readyState <= open) closePersons(socket, code, reason);
    resolve({ code, reason });
  }
  const end = (code: number, reason: string) => finish(code, reason, 1001);

  function flush(): void {
    if (!agent || isHeld || isLeaving) return;
    for (const message of waiting.splice(0)) agent.send(message);
    waitingSize = 0;
  }

  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (farewell) return;
    const message = typeof data === "string" ? data : new Uint8Array(data);
    const size = sizeOf(message);
    if (size > bounds.longestMessage) {
      return end(closeCodes.tooLong, `A message may be ${bounds.longestMessage} bytes long.`);
    }
    if (waitingSize + size + (agent?.unsent ?? 0) > bounds.mostWaiting) {
      return end(closeCodes.tryAgain, "Too much is waiting for the agent.");
    }
    waiting.push(message);
    waitingSize += size;
    flush();
  };
  // 1005 and 1006 are codes that no frame carries: the agent is told that the person went away.
  socket.onclose = ({ code, reason }) => {
    personLeft.resolve();
    if (!isLeaving) finish(code, reason, code === 1005 ? 1000 : code === 1006 ? 1001 : code);
  };

  async function deliver(message: Message): Promise<void> {
    while (isHeld && !farewell) await released.promise;
    if (farewell || socket.readyState !== open) return;
    socket.send(message);
    while (!farewell && socket.bufferedAmount > bounds.highWater) {
      await new Promise((wake) => setTimeout(wake, lookAgain));
    }
  }

  async function run(): Promise<void> {
    const reached = await connect();
    if (farewell) {
      reached.close(farewell.code, farewell.reason);
      await reached.run(() => {});
      return;
    }
    agent = reached;
    flush();
    const { code, reason } = await agent.run(deliver);
    agentLeft.resolve();
    if (isLeaving) return;
    if (code === 1006) end(closeCodes.agentAway, "The agent's connection broke.");
    else finish(code, reason, code);
  }

  run().catch(() => {
    agentLeft.resolve();
    if (!isLeaving) end(closeCodes.agentAway, "The agent cannot be reached.");
  });

  /** The agent first, so that all it has said is delivered; then the person; then what neither could hear. */
  async function takeLeave(carrier: Carrier): Promise<void> {
    const { comeAgain, tryAgain } = closeCodes;
    await carrier.announce();
    if (farewell) return await carrier.leave([]);
    isLeaving = true;
    agent?.drain(comeAgain, handedOver);
    // An agent that has not been reached has said nothing.
    if (agent) await agentLeft.promise;
    if (farewell) return await carrier.leave([]);
    const isTooMuch = waitingSize > carrier.mostCarried;
    closePersons(socket, isTooMuch ? tryAgain : comeAgain, handedOver);
    await Promise.race([personLeft.promise, new Promise((go) => setTimeout(go, longestLeave))]);
    const said = waiting.splice(0);
    await carrier.leave(isTooMuch ? [] : said);
  }

  return {
    ended,
    end,
    handOver(carrier) {
      if (farewell || isLeaving) return;
      takeLeave(carrier).then(
        () => finish(closeCodes.comeAgain, handedOver, closeCodes.comeAgain),
        // What cannot be carried is said to be unclear.
        () => end(closeCodes.tryAgain, handedOver),
      );
    },
    hold() {
      if (isHeld || farewell) return;
      isHeld = true;
      released = Promise.withResolvers();
    },
    release() {
      if (!isHeld) return;
      isHeld = false;
      released.resolve();
      flush();
    },
  };
}
