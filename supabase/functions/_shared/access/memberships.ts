/** Who belongs to which workspace, kept for as long as permissions are: at most 2 s. */
import { createBoundedMap } from "../bounded-map.ts";
import type { Database } from "../database.ts";
import { forbidden, notFound } from "../errors.ts";
import { type Position, requirePosition } from "../position.ts";
import { memoryLifetime } from "./permissions.ts";
import { refusedFor } from "./places.ts";

/** A person's role in a workspace; null outside of it. */
export type Role = "owner" | "admin" | "member" | "guest" | null;

/** A role, and where the log stood when it was read: whatever made it so lies before. */
export interface Membership {
  readonly role: Role;
  readonly position: Position;
}

/** An isolate's view of who belongs where. */
export interface Memberships {
  /** As `roleOf`, and how far the log was. */
  membershipOf(user: string, workspace: string): Promise<Membership>;
  /** Simultaneous questions about the same are one lookup. */
  roleOf(user: string, workspace: string): Promise<Role>;
  /** @throws ApiError 404 `not_found`: outside one does not know that it exists */
  requireMember(user: string, workspace: string): Promise<Role>;
  /** @throws ApiError 404 `not_found` outside, 403 `forbidden` below an admin */
  requireAdmin(user: string, workspace: string): Promise<void>;
}

/** Makes the isolate's view of memberships. */
export function createMemberships(
  database: Database,
  now: () => number = Date.now,
): Memberships {
  const known = createBoundedMap<string, { membership: Promise<Membership>; goodUntil: number }>(
    20_000,
  );

  async function read(user: string, workspace: string): Promise<Membership> {
    const [row] = await database.run((sql) =>
      sql<{ role: Role; position: string }[]>`
        select private.member_role(${user}, ${workspace}) as role, private.log_position() as position`
    );
    return { role: row?.role ?? null, position: requirePosition(row?.position) };
  }

  const memberships: Memberships = {
    membershipOf(user, workspace) {
      const key = `${user} ${workspace}`;
      const kept = known.get(key);
      if (kept && kept.goodUntil > now()) return kept.membership;
      const membership = read(user, workspace);
      membership.catch(() => known.delete(key));
      known.set(key, { membership, goodUntil: now() + memoryLifetime });
      return membership;
    },
    async roleOf(user, workspace) {
      return (await memberships.membershipOf(user, workspace)).role;
    },
    async requireMember(user, workspace) {
      const role = await memberships.roleOf(user, workspace);
      if (role === null) throw refusedFor(notFound("The workspace"), workspace);
      return role;
    },
    async requireAdmin(user, workspace) {
      const role = await memberships.requireMember(user, workspace);
      if (role !== "owner" && role !== "admin") {
        throw forbidden("Only an admin of the workspace may do this.");
      }
    },
  };
  return memberships;
}
