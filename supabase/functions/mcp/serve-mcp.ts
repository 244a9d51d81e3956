/** MCP over Streamable HTTP, without a state: each request has a server of its own, for its caller. */
import {
  type AuthInfo,
  createMcpHandler,
  McpServer,
  type ScopeChallengeHandler,
} from "@modelcontextprotocol/server";
import { type Agent, bearer, type Person } from "../_shared/access/authentication.ts";
import { ApiError, toApiError } from "../_shared/errors.ts";
import { type RequestContext, traceOf } from "../_shared/http/app.ts";
import { countedAs } from "../_shared/http/route.ts";
import { log } from "../_shared/log.ts";
import { translate } from "./foreign-tokens.ts";
import { registerResources } from "./resources.ts";
import type { Session } from "./session.ts";
import type { Tool } from "./tool.ts";
import { tools } from "./tools.ts";

/** Where this server is, as clients know it: what a token for it names as its audience. */
export const resourceUrl = (publicUrl: string): string => `${publicUrl}/functions/v1/mcp`;
/** Where it says which authorization server it trusts (RFC 9728). */
export const metadataUrl = (publicUrl: string): string =>
  `${resourceUrl(publicUrl)}/.well-known/oauth-protected-resource`;

/** A tool's failure is its result: the model reads why, and may do otherwise. */
function failure(error: unknown) {
  const known = toApiError(error);
  if (known.status >= 500) log("error", known.message, { code: known.code, cause: error });
  const { code, message, hint } = known;
  const said = { error: { code, message, ...(hint ? { hint } : {}) } };
  return { content: [{ type: "text" as const, text: JSON.stringify(said) }], isError: true };
}

/** Asks for scopes that an agent's token lacks (403 `insufficient_scope`), so that its client can ask the person. */
function challengeFor(caller: Person | Agent) {
  return (...needed: [string, ...string[]]): ScopeChallengeHandler => () =>
    caller.kind !== "agent" || needed.every((scope) => caller.scopes.has(scope))
      ? undefined
      : { scopes: needed };
}

/** The same for a tool, whose scope may hang on its arguments. */
function challengeOf({ scope }: Tool, challenge: ReturnType<typeof challengeFor>) {
  if (scope === null) return undefined;
  const handler: ScopeChallengeHandler = (asked) => {
    const { params } = asked.request as { params?: { arguments?: Record<string, unknown> } };
    return challenge(typeof scope === "string" ? scope : scope(params?.arguments ?? {}))(asked);
  };
  return handler;
}

function isFor({ scope, isForAgentsOnly }: Tool, { kind }: Person | Agent): boolean {
  return kind === "agent" ? scope !== null : !isForAgentsOnly;
}

function makeServer(session: Session): McpServer {
  const server = new McpServer({ name: "groundwork", title: "Groundwork", version: "0.1.0" }, {
    instructions: "Memory, knowledge, conversations and work of the workspace, as far as you may.",
  });
  const challenge = challengeFor(session.caller);
  for (const tool of tools.filter((known) => isFor(known, session.caller))) {
    server.registerTool(tool.name, {
      title: tool.title,
      description: tool.description,
      inputSchema: tool.input,
      annotations: {
        title: tool.title,
        readOnlyHint: tool.isReadOnly ?? false,
        destructiveHint: tool.isDestructive ?? false,
        idempotentHint: tool.isReadOnly ?? false,
        openWorldHint: false,
      },
      scopeChallenge: challengeOf(tool, challenge),
    }, async (input) => {
      try {
        const result = await tool.run(session, input as Record<string, never>);
        return {
          content: [{ type: "text", text: JSON.stringify(result) }],
          structuredContent: result as Record<string, unknown>,
        };
      } catch (error) {
        return failure(error);
      }
    });
  }
  registerResources(server, session, challenge);
  return server;
}

const handler = createMcpHandler(
  ({ authInfo }) => makeServer(authInfo?.extra?.session as unknown as Session),
  { maxRequestBodySize: 4 * 1024 * 1024, onerror: (error) => log("warning", error.message, {}) },
);

/** Who asks; 401 says where a token is to be had. An agent's token must name this server or the project. */
async function identify(context: RequestContext): Promise<Person | Agent> {
  const { authenticator, environment, trustedIssuers } = context.env;
  const request = context.req.raw;
  try {
    const token = bearer(request);
    const issuer = token === null ? undefined : trustedIssuers.issuerOf(token);
    if (token !== null && issuer) {
      return await translate(context.env, await trustedIssuers.verify(issuer, token));
    }
    const caller = authenticator.recall(request) ?? await authenticator.identify(request, "person");
    if (caller.kind === "service") throw new ApiError(401, "invalid_token", "This takes a token.");
    if (caller.kind === "person") return caller;
    const accepted = ["authenticated", resourceUrl(environment.publicUrl)];
    if (!accepted.some((audience) => caller.audiences.has(audience))) {
      throw new ApiError(401, "invalid_token", "The token is for somebody else.");
    }
    // Within the project it is the project's: what the database compares.
    const claims = { ...caller.claims, aud: "authenticated" };
    return { ...caller, claims, audiences: new Set(["authenticated"]) };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    const invalid = error.code === "invalid_token" ? ', error="invalid_token"' : "";
    throw new ApiError(401, error.code, error.message, {
      headers: {
        "www-authenticate": `Bearer resource_metadata="${
          metadataUrl(environment.publicUrl)
        }"${invalid}`,
      },
    });
  }
}

/**
 * `POST /mcp`: MCP over Streamable HTTP, in its versions 2026-07-28 and 2025-11-25. Without a token it answers 401 with
 * `resource_metadata`.
 */
export async function serveMcp(context: RequestContext): Promise<Response> {
  const services = context.env;
  const caller = await identify(context);
  services.rateLimiter.count(countedAs(caller), "read");
  const trace = traceOf(context.req.raw)?.headers;
  const session: Session = { services, caller, trace };
  const authInfo: AuthInfo = {
    token: "",
    clientId: caller.kind === "agent" ? caller.agentId : caller.userId,
    scopes: caller.kind === "agent" ? [...caller.scopes] : [],
    expiresAt: Math.floor(caller.expiresAt / 1000),
    resourceMetadataUrl: metadataUrl(services.environment.publicUrl),
    extra: { session },
  };
  return await handler.fetch(context.req.raw, { authInfo });
}
