/** What the sockets and the routes of one Realtime server share. */
import type postgres from "postgres";
import type { Person } from "./authorization.ts";
import type { ChangeFeed } from "./changes/feed.ts";
import type { Limits, Rate } from "./limits.ts";
import type { Outgoing } from "./protocol.ts";
import type { Claims, Verify } from "./tokens.ts";
import type { Topics } from "./topics.ts";

/** One server's state. */
export interface Context {
  sql: postgres.Sql;
  verify: Verify;
  topics: Topics;
  limits: Limits;
  rates: { joins: Rate; events: Rate; presence: Rate };
  /** Sockets that have joined a channel. */
  connected: Set<object>;
  /** Public channels are refused. */
  isPrivateOnly: boolean;
  /** Resolves when what is said in the database is heard. */
  whenFollowing: Promise<void>;
  changes: ChangeFeed;
  log(line: string): void;
}

/** What a channel knows of the socket that it belongs to. */
export interface Connection {
  /** Of the API key that it was opened with. */
  claims: Claims;
  headers: Person["headers"];
  isOpen(): boolean;
  send(message: Outgoing): void;
}
