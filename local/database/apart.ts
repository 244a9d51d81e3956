/**
 * What clients of one session must not share: statements prepared by SQL, channels. What cannot be kept apart is
 * refused with a reason, so that nobody meets another's lock, cursor or temporary table. What a transaction ends is
 * nobody else's concern: it has the session alone.
 */
import { type Message, readText } from "./wire.ts";

/** What one client has in the session besides its settings. */
export interface Belongings {
  /** Prepared by SQL (`prepare a as …`): the statements that prepare them again, by name. */
  prepared: Map<string, string>;
  channels: Set<string>;
}

/** Nothing yet. */
export const noBelongings = (): Belongings => ({ prepared: new Map(), channels: new Set() });

/** The SQL of a query or of a statement to be parsed; otherwise "". */
export function sqlOf({ type, bytes }: Message): string {
  if (type === "Q") return readText(bytes, 5);
  return type === "P" ? readText(bytes, bytes.indexOf(0, 5) + 1) : "";
}

const where = "on the embedded database, whose clients share one session";

const refusals: [RegExp, string][] = [
  [
    /\bcopy\b[^;]*\bfrom\s+stdin\b/i,
    "COPY … FROM STDIN is not possible on the embedded database; use insert",
  ],
  [
    /^\s*(?:select|perform|with)\b[^;]*\bpg_(?:try_)?advisory_(?:lock|unlock)(?:_shared|_all)?\s*\(/i,
    `Locks of a session lock nobody out ${where}; use pg_advisory_xact_lock`,
  ],
  [/^\s*declare\b[^;]*\bwith\s+hold\b/i, `Cursors WITH HOLD would be everybody's ${where}`],
  [
    /^\s*create\s+(?:local\s+|global\s+)?temp(?:orary)?\s+table\b(?![^;]*\bon\s+commit\s+drop\b)/i,
    `Temporary tables that outlive their transaction would be everybody's ${where}; add ON COMMIT DROP`,
  ],
];

/** Why a message must not reach the session, or undefined. */
export function refuse(part: Message, isInTransaction: boolean): string | undefined {
  const sql = sqlOf(part);
  // It may end with its transaction, and mostly does.
  if (isInTransaction && /^\s*create\s/i.test(sql)) return undefined;
  const reason = refusals.find(([pattern]) => pattern.test(sql))?.[1];
  return reason && `${reason}, or a real Postgres (--db-url)`;
}

/** Notes which channels a client listens to, by what it said and what was done. */
export function noteChannels({ channels }: Belongings, messages: Message[], tags: string[]): void {
  if (!tags.includes("LISTEN") && !tags.includes("UNLISTEN")) return;
  const said = messages.map(sqlOf).join(";");
  for (
    const [, isOff, star, quoted, bare] of said.matchAll(
      /\b(un)?listen\s+(?:(\*)|"([^"]+)"|(\w+))/gi,
    )
  ) {
    const channel = quoted ?? bare?.toLowerCase() ?? "";
    if (star) channels.clear();
    else if (isOff) channels.delete(channel);
    else channels.add(channel);
  }
}

/** The channel of a notification. */
export const channelOf = (notification: Uint8Array): string => readText(notification, 9);
