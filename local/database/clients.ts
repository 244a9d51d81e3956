/** Who shares the session, and what the session needs from the outside. */
import type { Belongings } from "./apart.ts";
import type { Message } from "./wire.ts";

/** A client of the shared session: feed it what its socket receives, tell it when the socket has closed. */
export interface SessionClient {
  receive(bytes: Uint8Array): void;
  end(): void;
}

/** What the shared session needs from the outside. */
export interface SessionOptions {
  /** Runs protocol messages on the one session and returns the answer. */
  execute: (bytes: Uint8Array) => Uint8Array;
  /** Reported to clients at startup. */
  serverParameters: Record<string, string>;
  /** Hears why a client was ended. */
  onEnded?: (reason: string) => void;
  /** How long a client may sit in a transaction while others wait: milliseconds. */
  idleLimit?: number;
  /** Called when the session itself broke; nothing works afterwards. */
  onCrash: (error: unknown) => void;
}

/** A client, as the session knows it. */
export interface Client {
  id: number;
  started: boolean;
  ended: boolean;
  buffer: Uint8Array;
  inbox: Message[];
  /** Statements that give the session this client's settings. */
  settings: string[];
  statements: Set<string>;
  belongings: Belongings;
  /** As it calls itself. */
  name: string;
  send: (bytes: Uint8Array) => void;
  close: () => void;
}
