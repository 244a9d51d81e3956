/** Which tree of documents a request is about: the workspace's shared one, or a person's own. */
import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { forbidden } from "../_shared/errors.ts";
import { uuid } from "../_shared/input.ts";
import type { Memberships } from "../_shared/access/memberships.ts";

/** A path as the database takes it. */
export const path = z.string().max(1000).regex(/^[A-Za-z0-9_-]{1,200}(\.[A-Za-z0-9_-]{1,200})*$/, {
  error: "must be labels of letters, digits, _ and -, joined by dots",
});

/** What names a tree in a body: a person says whether it is their own, the service whose it is. */
export const treeOf = {
  person: { workspace_id: uuid, own: z.boolean().default(false) },
  service: { workspace_id: uuid, user_id: uuid.optional() },
} as const;

/**
 * The owner of the tree, null for the shared one.
 *
 * @throws ApiError 404 `not_found` outside of the workspace, 403 `forbidden` for a guest and the shared tree
 */
export async function ownerOf(
  memberships: Memberships,
  caller: Person | Service,
  tree: { workspace_id: string; own?: boolean; user_id?: string },
): Promise<string | null> {
  const person = caller.kind === "person" ? caller.userId : tree.user_id;
  if (!person) return null;
  const role = await memberships.requireMember(person, tree.workspace_id);
  if (caller.kind === "service" || tree.own) return person;
  if (role === "guest") throw forbidden("Guests do not write what the workspace shares.");
  return null;
}
