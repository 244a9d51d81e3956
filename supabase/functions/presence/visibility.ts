/** Whom somebody sees in a room: a member everybody, a guest themselves and the agents that they may use. */
import type { Role } from "../_shared/access/memberships.ts";
import { notFound } from "../_shared/errors.ts";
import type { Services } from "../_shared/services.ts";
import { memberName, type PresentKind } from "./rooms.ts";

/** Whether somebody may know that this one is here; guests are often outsiders to each other. */
export type View = (kind: PresentKind, id: string) => boolean;

/** Sees everybody: the service, and members. */
export const everybody: View = () => true;

/** What somebody with this role sees; null for whoever is not in the workspace (any more). */
export async function viewOf(
  { permissions }: Pick<Services, "permissions">,
  user: string,
  role: Role,
): Promise<View | null> {
  if (role === null) return null;
  if (role !== "guest") return everybody;
  const { byId } = await permissions.usable(user);
  const seen = new Set([...byId.keys()].map((id) => memberName("agent", id)));
  seen.add(memberName("person", user));
  return (kind, id) => seen.has(memberName(kind, id));
}

/** @throws ApiError 404 `not_found`: outside one does not know that the room exists */
export async function requireView(
  services: Pick<Services, "memberships" | "permissions">,
  user: string,
  workspace: string,
): Promise<View> {
  const view = await viewOf(services, user, await services.memberships.roleOf(user, workspace));
  if (!view) throw notFound("The workspace");
  return view;
}
