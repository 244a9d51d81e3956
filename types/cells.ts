import type { SupabaseClientOptions } from "@supabase/supabase-js";
import { createGroundworkClient, type GroundworkClient } from "./client.ts";

/** Where a workspace is, as `rpc("workspace_place")` tells it. */
interface Place {
  url: string | null;
  publishable_key: string | null;
}

/** The place that an answer names, if it says that the workspace is elsewhere. */
async function placeIn(response: Response): Promise<Place | undefined> {
  if (response.status !== 421) return undefined;
  const body = await response.clone().json().catch(() => undefined);
  const { code, details } = body?.error ?? body ?? {};
  if (code !== "misdirected_workspace") return undefined;
  return typeof details === "string" ? JSON.parse(details) : details;
}

/**
 * A client for one workspace, in whichever cell it is. It asks once where that is. When the workspace changes cells
 * later, the first request that is refused for it (421) is sent again to the new one, and so are all after it.
 *
 * @param home the client where the person signed in: their token is accepted in every cell
 * @param options those of supabase-js
 * @returns `home` itself in an installation of one project
 * @throws what the database answers: `not_found` for a workspace that is not the person's
 * @example
 * ```ts
 * const here = await openWorkspace(groundwork, workspaceId);
 * await here.from("conversations").select("id, title");
 * ```
 */
export async function openWorkspace(
  home: GroundworkClient,
  workspace_id: string,
  options: SupabaseClientOptions<"public"> = {},
): Promise<GroundworkClient> {
  const { data } = await home.rpc("workspace_place", { workspace_id }).single().throwOnError();
  let place: Place = data;
  if (!place.url) return home;
  const first = place.url;
  const outward = options.global?.fetch ?? fetch;

  /** As supabase-js asks: a URL, and what belongs to it. */
  function send(asked: string, init: RequestInit | undefined): Promise<Response> {
    const headers = new Headers(init?.headers);
    headers.set("apikey", place.publishable_key ?? "");
    // The functions find in it what a request is about where its path does not say.
    if (asked.startsWith(`${first}/functions/`)) headers.set("x-workspace-id", workspace_id);
    const url = asked.startsWith(first) ? place.url + asked.slice(first.length) : asked;
    return outward(url, { ...init, headers });
  }

  return createGroundworkClient(first, place.publishable_key ?? "", {
    ...options,
    accessToken: async () => (await home.auth.getSession()).data.session?.access_token ?? null,
    global: {
      ...options.global,
      async fetch(input, init) {
        const asked = input instanceof Request ? input.url : String(input);
        const response = await send(asked, init);
        const moved = await placeIn(response);
        if (!moved?.url || moved.url === place.url) return response;
        place = moved;
        return await send(asked, init);
      },
    },
  });
}
