/**
 * That a caller may read, as the primary has said within the last two seconds, and where the log stood then. A replica
 * is asked with nothing less: what it reads contains whatever that answer was made of.
 */
import type { Database } from "../database.ts";
import { notFound } from "../errors.ts";
import { type Position, requirePosition } from "../position.ts";
import { rightsOf } from "./agent-rights.ts";
import type { Agent } from "./authentication.ts";
import type { Memberships } from "./memberships.ts";
import { memoryLifetime } from "./permissions.ts";

/** A class because of its private field: only this file can make one, so that no route can go without. */
class Proven {
  readonly #isProven = true;
  constructor(readonly position: Position) {}
}

/** The primary has let the caller read, with the log at this position. */
export type Standing = Proven;

/** Asks the primary. */
export interface Standings {
  /** @throws ApiError 404 `not_found`: outside one does not know that the workspace exists */
  ofMember(user: string, workspace: string): Promise<Standing>;
  /** @throws ApiError 403 `insufficient_scope` */
  ofAgent(agent: Agent, scope: string): Promise<Standing>;
  /** Of the service, and of whoever reads about themselves alone: nothing has to be looked up for them. */
  ofItself(): Promise<Standing>;
}

/** Makes the isolate's standings; `now` is for tests. */
export function createStandings(
  database: Database,
  memberships: Memberships,
  now: () => number = Date.now,
): Standings {
  let known: { standing: Promise<Standing>; goodUntil: number } | undefined;

  async function readPosition(): Promise<Standing> {
    const [row] = await database.run((sql) =>
      sql<{ position: string }[]>`select private.log_position() as position`
    );
    return new Proven(requirePosition(row?.position));
  }

  return {
    async ofMember(user, workspace) {
      const { role, position } = await memberships.membershipOf(user, workspace);
      if (role === null) throw notFound("The workspace");
      return new Proven(position);
    },
    async ofAgent(agent, scope) {
      const { position } = await rightsOf(database, agent, scope);
      return new Proven(requirePosition(position));
    },
    ofItself() {
      if (known && known.goodUntil > now()) return known.standing;
      const standing = readPosition();
      standing.catch(() => known = undefined);
      known = { standing, goodUntil: now() + memoryLifetime };
      return standing;
    },
  };
}
