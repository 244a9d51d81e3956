/** The words of the work grammar, as workers use them: what is claimed, what is said of it, by which way. */
import type { Database, Json } from "./database.types.ts";

type Tables = Database["public"]["Tables"];

/** The columns that every work table begins with; what a table adds to them is its work. */
export type GrammarColumn =
  | "id"
  | "workspace_id"
  | "status"
  | "priority"
  | "attempts"
  | "max_attempts"
  | "scheduled_for"
  | "lease_expires_at"
  | "claim_token"
  | "claimed_by"
  | "dedupe_key"
  | "last_error"
  | "created_at"
  | "finished_at";

/** What a queue's table adds to the grammar: of a table that the types know, its own columns. */
export type WorkOf<Queue extends string> = Queue extends keyof Tables
  ? Omit<Tables[Queue]["Row"], GrammarColumn>
  : Record<string, Json>;

/** What may be set when work is done. Which columns a queue keeps, the database says. */
export type OutcomeOf<Queue extends string> = Queue extends keyof Tables
  ? Partial<Omit<Tables[Queue]["Row"], GrammarColumn>>
  : Record<string, Json>;

/** A piece of claimed work. */
export interface Claimed<Work = Record<string, Json>> {
  id: number;
  workspace_id: string;
  /** Which attempt this is, from 1 on. */
  attempts: number;
  max_attempts: number;
  /** The fencing token of the claim. */
  claim_token: string;
  /** ISO 8601. */
  lease_expires_at: string;
  work: Work;
}

/** The work of one claim that something is said of. */
export interface Held {
  token: string;
  ids: number[];
}

/** How a worker reaches its queue. Times are seconds. Refusals are thrown as WorkError. */
export interface Transport {
  claim(queue: string, worker: string, batch: number, lease: number): Promise<Claimed[]>;
  heartbeat(queue: string, held: Held, lease: number): Promise<void>;
  complete(queue: string, held: Held, outcome: Record<string, Json>): Promise<void>;
  fail(
    queue: string,
    held: Held,
    error: string,
    how: { retryIn?: number | undefined; retry?: boolean | undefined },
  ): Promise<void>;
  snooze(queue: string, held: Held, until: Date, reason?: string): Promise<void>;
}

/** A refusal with a code of docs/errors.md, such as `lease_lost`. */
export class WorkError extends Error {
  override readonly name = "WorkError";
  readonly code: string;
  /** Of `lease_lost`: the ids that are not held any more (at most 100 are named). */
  readonly lost: number[];

  constructor(code: string, message: string, hint?: string | null) {
    super(hint ? `${message} (${hint})` : message);
    this.code = code;
    this.lost = code === "lease_lost" ? (hint?.match(/\d+/g) ?? []).map(Number) : [];
  }
}

/** What a handler may answer. Nothing: done. A thrown error is a failure with its message as the cause. */
export type Verdict<Queue extends string> =
  | void
  | { outcome: OutcomeOf<Queue> }
  /** Failed: again in `retryIn` seconds (default: the queue's backoff), or never with `retry: false`. */
  | { fail: string; retryIn?: number; retry?: boolean }
  /** Not now: given back until then; the attempt does not count. */
  | { snooze: Date; reason?: string };

/** Does one piece of work. The signal is aborted when the lease is lost: what it says then is dropped. */
export type WorkHandler<Queue extends string> = (
  job: Claimed<WorkOf<Queue>>,
  signal: AbortSignal,
) => Verdict<Queue> | Promise<Verdict<Queue>>;

/**
 * The same way with a deadline: a call that is not answered within so many seconds fails, and with
 * it a connection that went silent. What it may still do, the lease's end undoes.
 */
export function withDeadline(transport: Transport, seconds: number): Transport {
  async function within<Result>(what: string, call: Promise<Result>): Promise<Result> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const deadline = new Promise<never>((_, reject) => {
      const late = () => reject(new Error(`${what} was not answered within ${seconds} s`));
      timer = setTimeout(late, seconds * 1000);
    });
    try {
      return await Promise.race([call, deadline]);
    } finally {
      clearTimeout(timer);
    }
  }
  return {
    claim: (...said) => within("claim", transport.claim(...said)),
    heartbeat: (...said) => within("heartbeat", transport.heartbeat(...said)),
    complete: (...said) => within("complete", transport.complete(...said)),
    fail: (...said) => within("fail", transport.fail(...said)),
    snooze: (...said) => within("snooze", transport.snooze(...said)),
  };
}
