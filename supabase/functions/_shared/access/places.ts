/**
 * In which cell a workspace is, kept for as long as permissions are: at most 2 s. It is asked for when a request was
 * refused already: what is answered here pays nothing for it.
 */
import { createBoundedMap } from "../bounded-map.ts";
import type { Database } from "../database.ts";
import { ApiError } from "../errors.ts";
import { isUuid } from "../input.ts";
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
   * What is answered instead of `not_found`: 421, if the request names a workspace of the person's that is in another
   * cell. Every other error stays what it is.
   */
  instead(error: unknown, request: Request, person: string | null): Promise<unknown>;
}

/** With this header a client says for which workspace it asks, where the route's path does not. */
export const workspaceHeader = "x-workspace-id";

const refused = new WeakMap<Error, string>();

/** Notes for which workspace a request was refused, where its body named it. */
export function refusedFor<Refusal extends Error>(refusal: Refusal, workspace: string): Refusal {
  refused.set(refusal, workspace);
  return refusal;
}

/** The workspaces that a request may be about: by its header, its query, its path. */
function namedBy(request: Request): string[] {
  const { pathname, searchParams } = new URL(request.url);
  return [
    request.headers.get(workspaceHeader),
    searchParams.get("workspace"),
    searchParams.get("workspace_id"),
    ...pathname.split("/"),
  ].filter((part): part is string => part !== null && isUuid(part)).slice(0, 4);
}

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
    async instead(error, request, person) {
      if (!(error instanceof ApiError) || error.code !== "not_found" || person === null) {
        return error;
      }
      const about = refused.get(error);
      for (const workspace of about ? [about] : namedBy(request)) {
        const place = await places.placeOf(person, workspace).catch(() => null);
        if (place?.status === "elsewhere" || place?.status === "arriving") {
          return misdirected(place);
        }
      }
      return error;
    },
  };
  return places;
}
