/**
 * A little OAuth 2 server on loopback that keeps the rules: codes work once, PKCE is checked, refresh
 * tokens rotate, and an old one shown again takes the whole grant back, as careful providers do.
 */
import { Buffer } from "node:buffer";
import { sha256 } from "../_shared/sha256.ts";
import type postgres from "postgres";
import { assert } from "../_shared/asserts.ts";

/** How the server behaves from now on. */
export type Mood = "well" | "down" | "silent" | "moved" | "garbled" | "denies" | "huge";

interface Grant {
  challenge: string | null;
  redirectUri: string;
  scope: string;
  access: string;
  refresh: string;
  isRevoked: boolean;
}

/** Everything secret that these servers give has this in it, so that it can be looked for. */
export const marker = `sesame${crypto.randomUUID().replaceAll("-", "")}`;

function secret(kind: string): string {
  return `${kind}.${marker}.${crypto.randomUUID()}`;
}

/** How a server differs from others. */
interface Changes {
  /** How its client authenticates: basic, post or none. */
  client_authentication?: string;
  revokes?: boolean;
  /** Whose account it is, told in an ID token. */
  account?: string;
  /** Answers a person with a page, instead of agreeing at once. @param decide adds the decision to the address */
  ask?: (decide: (decision: "allow" | "refuse") => string) => Response;
}

/** Starts one. Its client is `our:client`. */
export function serveProvider(changes: Changes = {}) {
  const authentication = changes.client_authentication ?? "basic";
  const clientSecret = secret("client");
  const codes = new Map<string, Grant>();
  const refreshes = new Map<string, Grant>();
  const untilTheEnd = Promise.withResolvers<void>();
  const state = {
    mood: "well" as Mood,
    lifetime: 3600 as number | null,
    /** Milliseconds that the token endpoint takes. */
    slow: 0,
    /** Requests to the token endpoint that have come in, and those of them that were renewals, once answered. */
    arrivals: 0,
    renewals: 0,
    revoked: [] as string[],
    paths: [] as string[],
    /** What happens elsewhere while the token endpoint is asked. */
    meanwhile: async (): Promise<unknown> => await undefined,
  };

  function refuse(error: string, status = 400): Response {
    return Response.json({ error, error_description: secret("echo") }, { status });
  }

  function isClient(request: Request, form: URLSearchParams): boolean {
    if (authentication === "basic") {
      const given = request.headers.get("authorization")?.replace(/^Basic /, "") ?? "";
      const [id, password = ""] = Buffer.from(given, "base64").toString().split(":");
      return id === "our%3Aclient" && decodeURIComponent(password) === clientSecret;
    }
    const known = form.get("client_id") === "our:client";
    return authentication === "none" ? known : known && form.get("client_secret") === clientSecret;
  }

  function give(grant: Grant): Response {
    grant.access = secret("access");
    grant.refresh = secret("refresh");
    refreshes.set(grant.refresh, grant);
    const claims = Buffer.from(JSON.stringify({ sub: "7", email: changes.account }));
    return Response.json({
      access_token: grant.access,
      token_type: "bearer",
      refresh_token: grant.refresh,
      scope: grant.scope,
      ...(state.lifetime === null ? {} : { expires_in: state.lifetime }),
      ...(changes.account ? { id_token: `e30.${claims.toString("base64url")}.x` } : {}),
    });
  }

  function exchange(form: URLSearchParams): Response {
    const grant = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    if (!grant || grant.redirectUri !== form.get("redirect_uri")) return refuse("invalid_grant");
    const verifier = form.get("code_verifier");
    const challenge = verifier === null ? null : sha256(verifier, "base64url");
    return challenge === grant.challenge ? give(grant) : refuse("invalid_grant");
  }

  function renew(form: URLSearchParams): Response {
    state.renewals++;
    const shown = form.get("refresh_token") ?? "";
    const grant = refreshes.get(shown);
    if (!grant || grant.isRevoked) return refuse("invalid_grant");
    if (grant.refresh !== shown) {
      grant.isRevoked = true; // used twice: somebody has stolen it
      return refuse("invalid_grant");
    }
    return give(grant);
  }

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    state.paths.push(url.pathname);
    if (url.pathname === "/authorize") {
      const asked = url.searchParams;
      assert(asked.get("response_type") === "code" && asked.get("client_id") === "our:client");
      const decision = asked.get("decision");
      if (changes.ask && !decision) {
        return changes.ask((decision) => `${url.search}&decision=${decision}`);
      }
      const back = new URL(asked.get("redirect_uri") ?? "");
      back.searchParams.set("state", asked.get("state") ?? "");
      if (state.mood === "denies" || decision === "refuse") {
        back.searchParams.set("error", "access_denied");
      } else {
        const code = secret("code");
        codes.set(code, {
          challenge: asked.get("code_challenge"),
          redirectUri: asked.get("redirect_uri") ?? "",
          scope: asked.get("scope") ?? "",
          access: "",
          refresh: "",
          isRevoked: false,
        });
        back.searchParams.set("code", code);
      }
      return new Response(null, { status: 302, headers: { location: back.href } });
    }
    const form = new URLSearchParams(await request.text());
    if (url.pathname === "/token") {
      state.arrivals++;
      await state.meanwhile();
    }
    if (state.slow) await new Promise((resolve) => setTimeout(resolve, state.slow));
    if (state.mood === "down") return new Response(secret("echo"), { status: 503 });
    if (state.mood === "moved") {
      return new Response(null, { status: 307, headers: { location: "/elsewhere" } });
    }
    if (state.mood === "garbled") return new Response(secret("echo"));
    if (state.mood === "huge") return new Response("x".repeat(1_000_000));
    if (state.mood === "silent") await untilTheEnd.promise;
    if (!isClient(request, form)) return refuse("invalid_client", 401);
    if (url.pathname === "/revoke") {
      const token = form.get("token") ?? "";
      state.revoked.push(token);
      const grant = refreshes.get(token);
      if (grant) grant.isRevoked = true;
      return new Response(null);
    }
    if (url.pathname !== "/token") return new Response(null, { status: 404 });
    return form.get("grant_type") === "refresh_token" ? renew(form) : exchange(form);
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  const base = `http://127.0.0.1:${server.addr.port}`;
  return {
    state,
    base,
    clientSecret,
    /** The person says no more: every grant is taken back. */
    takeBack() {
      for (const grant of refreshes.values()) grant.isRevoked = true;
    },
    /** What was given last. */
    latest: () => [...refreshes.values()].at(-1),
    async [Symbol.asyncDispose]() {
      untilTheEnd.resolve();
      await server.shutdown();
    },
  };
}

/** Starts one, and registers it as a provider under a name of its own. */
export async function startProvider(
  sql: postgres.Sql<{ bigint: number }>,
  changes: Changes = {},
) {
  const server = serveProvider(changes);
  const authentication = changes.client_authentication ?? "basic";
  const name = `p-${crypto.randomUUID().slice(0, 8)}`;
  await sql`
    insert into public.connection_providers ${
    sql({
      name,
      display_name: "A provider",
      authorize_url: `${server.base}/authorize`,
      token_url: `${server.base}/token`,
      revoke_url: changes.revokes === false ? null : `${server.base}/revoke`,
      client_id: "our:client",
      client_authentication: authentication,
      scopes: "{read,write}",
    })
  }`;
  if (authentication !== "none") {
    await sql`select public.set_provider_secret(${name}, ${server.clientSecret})`;
  }
  return { ...server, name };
}

/** A provider of a test. */
export type Provider = Awaited<ReturnType<typeof startProvider>>;
