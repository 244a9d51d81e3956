/** An authorization server that is not this project's (`oidc-provider`), whose tokens are for our MCP server. */
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";
import { serveRequests } from "../_shared/outbound/loopback.ts";
import { environment } from "./world.ts";

/** Whom its tokens are for, unless a test says otherwise. */
export const mcpUrl = `${environment.url}/functions/v1/mcp`;

/** What a test wants of a token. */
export interface Wanted {
  subject?: string;
  client?: string;
  scope?: string;
  audience?: string;
  /** Said besides, or instead. */
  claims?: Record<string, unknown>;
}

/** A running one. */
export interface ForeignIssuer extends AsyncDisposable {
  issuer: string;
  /** Paths that were asked for, oldest first. */
  asked: string[];
  give(wanted?: Wanted): Promise<string>;
  /** Signs with another key from now on, and publishes no other. */
  rotate(): Promise<void>;
  /** Whether it breaks off whatever is asked. */
  isDown: boolean;
}

async function makeKey() {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...await exportJWK(privateKey), kid: crypto.randomUUID(), use: "sig", alg: "ES256" };
}

/** Starts one with two clients: `theirs`, and `page`. */
export async function startForeignIssuer(): Promise<ForeignIssuer> {
  const asked: string[] = [];
  let handle: ReturnType<Provider["callback"]> | undefined;
  const server = await serveRequests((request, response) => {
    asked.push(request.url ?? "");
    if (started.isDown) request.socket.destroy();
    else handle?.(request, response);
  });
  const issuer = server.url;
  let next: Record<string, unknown> = {};

  async function rotate(): Promise<void> {
    const provider = new Provider(issuer, {
      clients: ["theirs", "page"].map((client_id) => ({
        client_id,
        client_secret: "secret",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      })),
      jwks: { keys: [await makeKey()] },
      clientDefaults: { id_token_signed_response_alg: "ES256" },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => mcpUrl,
          getResourceServerInfo: (_context: unknown, audience: string) => ({
            scope: "memory:read memory:write knowledge:read conversations:read",
            audience,
            accessTokenFormat: "jwt",
            jwt: { sign: { alg: "ES256" } },
          }),
        },
      },
      formats: {
        customizers: {
          jwt: (_context: unknown, _token: unknown, parts: { payload: object }) => {
            Object.assign(parts.payload, next);
          },
        },
      },
    });
    handle = provider.callback();
  }
  await rotate();

  const started: ForeignIssuer = {
    issuer,
    asked,
    rotate,
    isDown: false,
    async give({ subject, client = "theirs", scope, audience = mcpUrl, claims } = {}) {
      next = { ...(subject ? { sub: subject } : {}), ...claims };
      const response = await fetch(`${issuer}/token`, {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${client}:secret`)}` },
        body: new URLSearchParams({
          grant_type: "client_credentials",
          resource: audience,
          ...(scope ? { scope } : {}),
        }),
      });
      const { access_token, ...rest } = await response.json();
      if (!access_token) throw new Error(`no token: ${JSON.stringify(rest)}`);
      return access_token;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return started;
}
