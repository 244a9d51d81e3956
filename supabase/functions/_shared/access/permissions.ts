/**
 * Who may use which agent, answered from as near as the reader allows.
 *
 *   memory of this isolate (at most 2 s) → Redis, if there is one (at most 5 min) → Postgres
 *
 * The bound of 2 s counts from the moment at which reading began, and no reading takes that long:
 * whatever an isolate says was true within the last 2 s. Denials are never kept in Redis: only
 * what a person may use is.
 */
import { z } from "zod";
import { inBackground } from "../background.ts";
import { createBoundedMap } from "../bounded-map.ts";
import type { Consistency } from "./consistency.ts";
import type { Database, Patience } from "../database.ts";
import type { FailoverScratchpad } from "../scratchpad/failover.ts";
import type { Json } from "../scratchpad/scratchpad.ts";

/** Why somebody may or may not use an agent. */
export type Reason =
  | "granted"
  | "administers_workspace"
  | "denied"
  | "expired"
  | "not_granted"
  | "not_a_member"
  | "agent_not_published"
  | "unknown_agent";

/** An agent that a person may use. */
export interface UsableAgent {
  id: string;
  workspace_id: string;
  slug: string;
  name: string;
  description: string;
  status: string;
  endpoint_url: string;
  reason: Reason;
  /** When the row that decided ends; null when it does not. */
  until: string | null;
}

/** Where an answer came from. */
export type Source = "memory" | "scratchpad" | "database";

/** All that a person may use, at one revision. */
export interface Usable {
  readonly revision: number;
  readonly agents: readonly UsableAgent[];
  readonly byId: ReadonlyMap<string, UsableAgent>;
  /** Answers about single agents, made when first asked for and then the same object. */
  readonly accesses: Map<string, Access>;
  readonly source: Source;
  /** Milliseconds since 1970 at which its reading began. */
  readonly readAt: number;
  /** Milliseconds since 1970 after which it is read again. */
  readonly goodUntil: number;
}

/** Whether one person may use one agent, and why. The same object while the answer is kept. */
export interface Access {
  readonly allowed: boolean;
  readonly reason: Reason;
  readonly workspace_id: string | null;
  readonly until: string | null;
  /** The revision of the person's permissions that it was read at, or a newer one. */
  readonly revision: number;
}

/** An isolate's view of permissions. */
export interface Permissions {
  /** At once when it is in memory, so that a warm check does not wait even for a microtask. */
  usable(user: string, consistency?: Consistency): Usable | Promise<Usable>;
  /** One agent, also when the answer is no. */
  access(user: string, agent: string, consistency?: Consistency): Access | Promise<Access>;
  /**
   * Believes nothing older than these revisions, here and in Redis.
   *
   * @returns false when Redis could not be told
   */
  raiseFloors(floors: ReadonlyMap<string, number>): Promise<boolean>;
  /** How often it was answered from where, since the isolate began. */
  readonly answered: Readonly<Record<Source, number>>;
}

/** Milliseconds for which an answer is kept in memory, from the beginning of its reading. */
export const memoryLifetime = 2000;
/** Seconds for which an answer is kept in Redis. */
export const sharedLifetime = 300;
/** Redis 250 ms, then these: in all less than `memoryLifetime`. */
const patience: Patience = { acquire: 250, query: 1250 };
/** Agents of all people together that memory holds: some 30 MB. */
const keptAgents = 50_000;
const keptDenials = 20_000;

/** The shape of what is kept in Redis. Its agents were the database's: they are not looked into. */
const sharedValue = z.object({
  agents: z.array(z.unknown()),
  changes_at: z.string().nullable(),
});

interface Flight {
  readonly number: number;
  readonly landing: Promise<Usable>;
}

/** Makes the isolate's view of permissions. `now` is for tests. */
export function createPermissions(
  database: Database,
  scratchpad: FailoverScratchpad,
  now: () => number = Date.now,
): Permissions {
  const kept = createBoundedMap<string, Usable>(keptAgents);
  const denials = createBoundedMap<string, { access: Access; goodUntil: number }>(keptDenials);
  const flights = new Map<string, Flight>();
  const explaining = new Map<string, Promise<Access>>();
  const answered: Record<Source, number> = { memory: 0, scratchpad: 0, database: 0 };
  let departures = 0;

  function asUsable(
    answer: { revision: number; agents: UsableAgent[]; changes_at: string | null },
    source: Source,
    begun: number,
  ): Usable {
    const changesAt = answer.changes_at === null ? Infinity : Date.parse(answer.changes_at);
    return {
      revision: answer.revision,
      agents: answer.agents,
      byId: new Map(answer.agents.map((agent) => [agent.id, agent])),
      accesses: new Map(),
      source,
      readAt: begun,
      goodUntil: Math.min(begun + memoryLifetime, changesAt),
    };
  }

  async function readShared(user: string, needed: number, begun: number) {
    const found = await scratchpad.tryShared((scratchpad) => scratchpad.readAnswer(user));
    if (!found?.answer || found.answer.revision < needed) return { epoch: found?.epoch };
    const parsed = sharedValue.safeParse(found.answer.value);
    if (!parsed.success) return { epoch: found.epoch }; // another version's, or not ours: a miss
    const { agents, changes_at } = parsed.data;
    const answer = { revision: found.answer.revision, agents: agents as UsableAgent[], changes_at };
    const usable = asUsable(answer, "scratchpad", begun);
    return usable.goodUntil > now() ? { usable } : { epoch: found.epoch };
  }

  function share(
    user: string,
    row: { revision: number; agents: UsableAgent[]; changes_at: string | null },
    epoch: string,
  ): void {
    const remaining = row.changes_at === null
      ? sharedLifetime
      : Math.ceil((Date.parse(row.changes_at) - now()) / 1000);
    // Who never was granted anything has nothing to keep; and of who was erased, nothing is kept again.
    if (remaining <= 0 || row.revision === 0) return;
    const value = { agents: row.agents, changes_at: row.changes_at } as unknown as Json;
    const ttl = Math.min(remaining, sharedLifetime);
    inBackground(
      "writing a permission answer back",
      scratchpad.tryShared((scratchpad) =>
        scratchpad.writeBack(user, { revision: row.revision, value }, epoch, ttl)
      ),
    );
  }

  async function read(user: string, needed: number): Promise<Usable> {
    const begun = now();
    // The epoch is read before the database is: what is read under it may be written back under it.
    // Nothing older is taken from Redis than this isolate has already said.
    const oldest = Math.max(needed, kept.get(user)?.revision ?? 0);
    const shared: { usable?: Usable; epoch?: string } = scratchpad.isShared && needed !== Infinity
      ? await readShared(user, oldest, begun)
      : {};
    if (shared.usable) return shared.usable;
    const [row] = await database.run(
      (sql) =>
        sql<{ revision: number; agents: UsableAgent[]; changes_at: string | null }[]>`
          select revision, agents, to_jsonb(changes_at) #>> '{}' as changes_at
          from private.read_agents(${user})`,
      patience,
    );
    if (!row) throw new Error("read_agents returned no row");
    if (shared.epoch !== undefined) share(user, row, shared.epoch);
    return asUsable(row, "database", begun);
  }

  function depart(user: string, needed: number): Flight {
    const flight: Flight = {
      number: ++departures,
      landing: read(user, needed).then((usable) => {
        // A flight that was grounded meanwhile, because something was revoked, is not kept.
        if (flights.get(user) === flight) {
          kept.set(user, { ...usable, source: "memory" }, 1 + usable.agents.length);
        }
        return usable;
      }).finally(() => {
        if (flights.get(user) === flight) flights.delete(user);
      }),
    };
    flights.set(user, flight);
    return flight;
  }

  /** Shares one reading among all who ask at the same time, as far as each may. */
  async function board(user: string, needed: number): Promise<Usable> {
    const arrival = departures;
    for (;;) {
      const flight = flights.get(user) ?? depart(user, needed);
      const usable = await flight.landing;
      // Not as new as asked for, but what the database said after the question came: the truth.
      const isTruth = usable.source === "database" && flight.number > arrival;
      if (usable.revision >= needed || isTruth) {
        answered[usable.source]++;
        return usable;
      }
    }
  }

  async function explain(user: string, agent: string, revision: number): Promise<Access> {
    const [row] = await database.run(
      (sql) =>
        sql<{ allowed: boolean; reason: Reason; workspace_id: string | null }[]>`
          select allowed, reason, workspace_id from private.access_of(${user}, ${agent})`,
      patience,
    );
    if (!row) throw new Error("access_of returned no row");
    return { ...row, until: null, revision };
  }

  function denial(user: string, agent: string, revision: number): Access | Promise<Access> {
    // The revision is part of the key: a denial is never older than the list that it belongs to.
    const key = `${user} ${agent} ${revision}`;
    const known = denials.get(key);
    if (known && known.goodUntil > now()) return known.access;
    const running = explaining.get(key);
    if (running) return running;
    const begun = now();
    const explanation = explain(user, agent, revision).then((access) => {
      if (!access.allowed) denials.set(key, { access, goodUntil: begun + memoryLifetime });
      return access;
    }).finally(() => explaining.delete(key));
    explaining.set(key, explanation);
    return explanation;
  }

  function decide(user: string, agent: string, usable: Usable): Access | Promise<Access> {
    const known = usable.accesses.get(agent);
    if (known) return known;
    const found = usable.byId.get(agent);
    if (!found) return denial(user, agent, usable.revision);
    const access: Access = {
      allowed: true,
      reason: found.reason,
      workspace_id: found.workspace_id,
      until: found.until,
      revision: usable.revision,
    };
    usable.accesses.set(agent, access);
    return access;
  }

  function recall(usable: Usable): Usable {
    answered.memory++;
    return usable;
  }

  const permissions: Permissions = {
    answered,

    usable(user, consistency = "cached") {
      const known = kept.get(user);
      const isGood = known !== undefined && known.goodUntil > now();
      if (typeof consistency === "object" && "within" in consistency) {
        return isGood && known.readAt >= now() - consistency.within
          ? recall(known)
          : board(user, 0);
      }
      const needed = consistency === "cached"
        ? 0
        : consistency === "fresh"
        ? Infinity
        : consistency.atLeast;
      return isGood && known.revision >= needed ? recall(known) : board(user, needed);
    },

    access(user, agent, consistency) {
      const usable = permissions.usable(user, consistency);
      return usable instanceof Promise
        ? usable.then((landed) => decide(user, agent, landed))
        : decide(user, agent, usable);
    },

    async raiseFloors(floors) {
      const told = await scratchpad.clear((pad) => pad.raiseFloors(floors));
      for (const user of floors.keys()) {
        kept.delete(user);
        flights.delete(user);
      }
      return told;
    },
  };
  return permissions;
}
