/**
 * In which cell a workspace is, kept for as long as permissions are: at most 2 s. It is asked for when a request was
 * refused already: what is answered here pays nothing for it.
 */
import { createBoundedMap } from "../bounded-map.ts";
import type { Database } from "../database.ts";
import { ApiError, toApiError } from "../errors.ts";
import { isUuid, whenWorkspaceIsRead, workspaceInBody } from "../input.ts";
import type { Agent, Person, Service } from "./authentication.ts";
import { memoryLifetime } from "./permissions.ts";

/** Where a workspace is, and how to call it. */
export interface Place {
  workspace_id: string;
  /** Null in an installation of one project, like `url`. */
  cell: string | null;
  region: string;
  url: string | null;
  publishable_key: string | null;
  status: "here" | "arriving" | "moving" | "elsewhere";
  revision: number;
}

/** An isolate's view of the directory. */
export interface Places {
  /** Null for a workspace that the person may not know. A null person is the service. */
  placeOf(person: string | null, workspace: string): Promise<Place | null>;
  /**
   * For the service, whom no membership keeps out: what it asks of a workspace that has left would be empty, or old.
   * Where the directory does not answer, the database's own guards must do.
   *
   * @throws ApiError 421 `misdirected_workspace`
   */
  requireHere(workspace: string): Promise<void>;
  /** The same for each workspace that a request names by its header or its query, and by its body when that is read. */
  requireAllHere(request: Request): Promise<void>;
  /**
   * What is answered instead of `not_found`: 421, if the request names a workspace that is in another cell, and the
   * caller may know it: the service, its people, and its agents; 503, if the directory cannot be asked now: whoever
   * heard that there is no such workspace would not ask again. Every other error stays what it is.
   */
  instead(error: unknown, request: Request, caller: Person | Agent | Service): Promise<unknown>;
}

/** With this header a client says for which workspace it asks, where the route's path does not. */
export const workspaceHeader = "x-workspace-id";

const refused = new WeakMap<Error, string>();

/** Notes for which workspace a request was refused, where its body named it. */
export function refusedFor<Refusal extends Error>(refusal: Refusal, workspace: string): Refusal {
  refused.set(refusal, workspace);
  return refusal;
}

/** By its header, its query. */
function namedAside(request: Request): string[] {
  const { searchParams } = new URL(request.url);
  return [
    request.headers.get(workspaceHeader),
    searchParams.get("workspace"),
    searchParams.get("workspace_id"),
  ].filter((part): part is string => part !== null && isUuid(part));
}

/** The workspaces that a request may be about: by its header, its query, its body, its path. */
function namedBy(request: Request): string[] {
  return [
    ...namedAside(request),
    workspaceInBody(request),
    ...new URL(request.url).pathname.split("/"),
  ].filter((part): part is string => part !== null && isUuid(part)).slice(0, 4);
}

/** Whether a workspace is the caller's to ask about: an agent's own, and none of its person's others. */
export const isOf = (caller: Person | Agent | Service, workspace: string): boolean =>
  caller.kind !== "agent" || caller.claims.workspace_id === workspace.toLowerCase();

const isElsewhere = (place: Place | null): place is Place =>
  place?.status === "elsewhere" || place?.status === "arriving";

function misdirected(place: Place): ApiError {
  const { workspace_id, cell, region, url, publishable_key, revision } = place;
  return new ApiError(421, "misdirected_workspace", "The workspace is in another cell.", {
    hint: url ?? undefined,
    details: { workspace_id, cell, region, url, publishable_key, revision },
  });
}

/** Makes the isolate's view of the directory. */
export function createPlaces(database: Database, now: () => number = Date.now): Places {
  const known = createBoundedMap<string, { place: Promise<Place | null>; goodUntil: number }>(
    20_000,
  );

  async function read(person: string | null, workspace: string): Promise<Place | null> {
    const [place] = await database.run((sql) =>
      person === null
        ? sql<Place[]>`select * from private.place_of(${workspace}) as place`
        : sql<Place[]>`select * from private.place_for(${person}, ${workspace}) as place`
    );
    return place ?? null;
  }

  const places: Places = {
    placeOf(person, workspace) {
      const key = `${person} ${workspace}`;
      const kept = known.get(key);
      if (kept && kept.goodUntil > now()) return kept.place;
      const place = read(person, workspace);
      place.catch(() => known.delete(key));
      known.set(key, { place, goodUntil: now() + memoryLifetime });
      return place;
    },
    async requireHere(workspace) {
      const place = await places.placeOf(null, workspace).catch(() => null);
      if (isElsewhere(place)) throw misdirected(place);
    },
    async requireAllHere(request) {
      whenWorkspaceIsRead(request, places.requireHere);
      for (const workspace of namedAside(request)) await places.requireHere(workspace);
    },
    async instead(error, request, caller) {
      if (toApiError(error).code !== "not_found") return error; // the database's own refusals, too
      const about = error instanceof Error ? refused.get(error) : undefined;
      for (const workspace of about ? [about] : namedBy(request)) {
        const person = caller.kind === "service" ? null : caller.userId;
        if (!isOf(caller, workspace)) continue;
        try {
          const place = await places.placeOf(person, workspace);
          if (isElsewhere(place)) return misdirected(place);
        } catch (cause) {
          if (toApiError(cause).status === 503) return cause;
        }
      }
      return error;
    },
  };
  return places;
}
