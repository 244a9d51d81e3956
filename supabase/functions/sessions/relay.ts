/**
 * Passes messages between a person's WebSocket and their agent's, in order, until either ends or
 * somebody ends it.
 *
 * Nothing grows without bound. A message may be 1 MiB long. What the person says before the agent is
 * reached, while permissions cannot be asked, or faster than the agent reads, waits in at most 4 MiB.
 * What the agent says is read no faster than the person takes it.
 */
import { shortenReason } from "../_shared/http/socket-server.ts";
import type { Closure, Message, OutboundSocket } from "../_shared/outbound/websocket.ts";

/**
 * What a relay closes the person's socket with. The agent's own codes are passed on as they are. Each has a row in
 * docs/errors.md, from which docs/openapi.json takes its meaning.
 */
export const closeCodes = {
  /** A message is longer than 1 MiB. */
  tooLong: 1009,
  /** Too much waits for the agent, or permissions cannot be asked: try again. */
  tryAgain: 1013,
  /** The agent cannot be reached, or its connection broke. Not 1014: some clients take that for an error. */
  agentAway: 1011,
  /** This isolate ends: come again at once, and say again what the reason does not count. */
  comeAgain: 4307,
  tokenExpired: 4401,
  /** The budget that the talk is paid from has nothing left. */
  budgetExhausted: 4402,
  revoked: 4403,
  sessionClosed: 4409,
} as const;

/** What a relay needs of the person's socket, which delivers no message that is longer than it may be. */
export interface PersonsSocket {
  send(message: Message): void;
  close(code?: number, reason?: string): void;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: Closure) => void) | null;
}

/** A running relay. */
export interface Relay {
  /** Resolves when it has ended; both sockets are closing by then. */
  readonly ended: Promise<Closure>;
  /** Ends it: the person's socket is closed with this, the agent's with 1001. */
  end(code: number, reason: string): void;
  /**
   * Takes leave of both because the isolate ends (4307 for both). What the agent says until it has
   * heard of it is delivered. The person is told how many of their messages the agent was told;
   * those after it are theirs to say again.
   */
  handOver(): void;
  /** Passes nothing on until `release`: what comes waits. */
  hold(): void;
  release(): void;
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
const handedOver = "This isolate ends. Come again.";

/** The reason of 4307: how many of the person's messages of this connection the agent was told. */
export const formatHeard = (count: number): string => `heard=${count}`;

/**
 * Asks a person to come again, where their client knows it (`handoverProtocol`): a text that begins
 * with a control character, which such a client's agent's texts have doubled.
 *
 * The person is asked to close, and not closed. What they are saying at that moment would be lost, and
 * the goodbye with it; and a browser drops what is said after the goodbye arrived and before the page
 * heard of it.
 */
export const formatComeAgain = (count: number): string => `${control}${formatHeard(count)}`;
/** What a text of the server's own begins with, where the client knows it. */
export const control = "\x10";
const escapeControl = (text: string) => text.startsWith(control) ? control + text : text;

function sizeOf(message: Message): number {
  return typeof message === "string" ? new TextEncoder().encode(message).length : message.length;
}

/** Closes a person's socket. 1005 and 1006 are codes that no frame carries. */
function closePersons(socket: PersonsSocket, code: number, reason: string): void {
  if (code === 1005 || code === 1006) socket.close();
  else socket.close(code, shortenReason(reason));
}

/**
 * Begins to relay.
 *
 * @param socket the person's, open
 * @param connect reaches the agent; when it rejects the person is told 1011
 * @param knowsHandover whether the person's client has said that it does
 * @param admit asked before the person's words go to the agent; null: they may. What comes meanwhile
 *   waits, and the relay ends where it does not resolve to null
 */
export function startRelay(
  socket: PersonsSocket,
  connect: () => Promise<OutboundSocket>,
  bounds: RelayBounds = relayBounds,
  knowsHandover = false,
  admit: () => Promise<Closure | null> | null = () => null,
): Relay {
  const { promise: ended, resolve } = Promise.withResolvers<Closure>();
  const waiting: Message[] = [];
  let waitingSize = 0;
  /** The person's messages that the agent was told. */
  let passed = 0;
  let agent: OutboundSocket | null = null;
  /** What the agent is told, also if it is reached after that; null until it is over. */
  let farewell: Closure | null = null;
  let isHeld = false;
  /** Set while the relay takes leave: nothing more is said to the agent, nor heard of the person. */
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

  /** Whether it is being asked if the person's words may go on. */
  let isAsking = false;

  async function ask(asked: Promise<Closure | null>): Promise<void> {
    isAsking = true;
    const refusal = await asked.finally(() => isAsking = false);
    if (refusal) end(refusal.code, refusal.reason);
    else pass();
  }

  function flush(): void {
    if (!agent || isHeld || isLeaving || isAsking || waiting.length === 0) return;
    const asked = admit();
    if (asked === null) return pass();
    ask(asked).catch(() => end(closeCodes.tryAgain, "Budgets cannot be asked now. Try again."));
  }

  function pass(): void {
    if (!agent || isHeld || isLeaving) return;
    for (const message of waiting.splice(0)) {
      agent.send(message);
      passed++;
    }
    waitingSize = 0;
  }

  socket.onmessage = ({ data }) => {
    if (farewell || isLeaving) return;
    const message = typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer);
    const size = sizeOf(message);
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
    socket.send(
      knowsHandover && typeof message === "string" ? escapeControl(message) : message,
    );
    while (!farewell && socket.bufferedAmount > bounds.highWater) {
      await new Promise((wake) => setTimeout(wake, lookAgain));
    }
  }

  async function run(): Promise<void> {
    const reached = await connect();
    if (farewell || isLeaving) {
      const { code, reason } = farewell ?? { code: closeCodes.comeAgain, reason: handedOver };
      reached.close(code, reason);
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

  /** The agent first, so that all it has said is delivered; then the person. */
  async function takeLeave(): Promise<void> {
    const { comeAgain } = closeCodes;
    isLeaving = true;
    agent?.drain(comeAgain, handedOver);
    // An agent that has not been reached has said nothing.
    if (agent) await agentLeft.promise;
    if (farewell) return;
    const heard = formatHeard(passed);
    if (knowsHandover) socket.send(formatComeAgain(passed));
    else closePersons(socket, comeAgain, heard);
    // The isolate is held until the person has it.
    await Promise.race([personLeft.promise, new Promise((go) => setTimeout(go, longestLeave))]);
    finish(comeAgain, heard, comeAgain);
  }

  return {
    ended,
    end,
    handOver() {
      if (!farewell && !isLeaving) takeLeave();
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
