import { z } from "zod";
import { identifyFromUrl } from "../_shared/authentication.ts";
import { inBackground } from "../_shared/background.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import type { RequestContext } from "../_shared/http.ts";
import { readQuery, uuidParameter } from "../_shared/input.ts";
import { log } from "../_shared/log.ts";
import { checkEndpoint, type Destination } from "../_shared/outbound.ts";
import type { Services } from "../_shared/services.ts";
import { type Closing, relay, type Socket } from "./relay.ts";
import { findSession, keepSession, requireOwner, type Session } from "./session-store.ts";

const query = z.strictObject({ access_token: z.string().optional() });

/** The subprotocol that is spoken; a second one may carry the token. */
const protocol = "groundwork";
const tokenPrefix = "access-token.";

/** Milliseconds that an agent has to accept a connection. */
const connectPatience = 10_000;
/**
 * Milliseconds between two checks of the permission, and the age that the answer may have: together
 * less than the two seconds within which a revoked person must be gone.
 */
const checkInterval = 1000;
const answerAge = 500;
/** Checks between two looks at whether the session was closed; it is kept alive at the same time. */
const checksPerLook = 10;
/** Checks in a row that may fail before a connection is ended, because nobody knows any more. */
const longestSilence = 3;

/** Deno's WebSocket sends headers; the type that browsers have does not know it. */
const HeaderedWebSocket = WebSocket as unknown as new (
  url: URL,
  options: { headers: Record<string, string> },
) => WebSocket;

interface Offer {
  protocols: string[];
  token: string | undefined;
}

function readOffer(request: Request, queryToken: string | undefined): Offer {
  const header = request.headers.get("sec-websocket-protocol") ?? "";
  const protocols = header.split(",").map((one) => one.trim()).filter((one) => one !== "");
  const carried = protocols.find((one) => one.startsWith(tokenPrefix));
  return { protocols, token: queryToken ?? carried?.slice(tokenPrefix.length) };
}

async function locateAgent(services: Services, session: Session): Promise<Destination> {
  const { permissions, database, environment } = services;
  const usable = await permissions.usable(session.user_id, { within: answerAge });
  const agent = usable.byId.get(session.agent_id);
  if (!agent) throw new ApiError(403, "access_denied", "This person may not use the agent.");
  const [workspace] = await database.run((sql) =>
    sql<{ k8s_namespace: string }[]>`
      select k8s_namespace from public.workspaces where id = ${session.workspace_id}`
  );
  if (!workspace) throw notFound("The session");
  return await checkEndpoint(agent.endpoint_url, {
    namespace: workspace.k8s_namespace,
    gateway: environment.clusterGateway,
  });
}

function unreachable(cause: unknown): ApiError {
  return new ApiError(502, "endpoint_unreachable", "The agent did not accept the connection.", {
    cause,
  });
}

/** Connects to the agent, which is told for whom; the person's token is not passed on. */
async function reachAgent(
  { url, headers }: Destination,
  id: string,
  session: Session,
): Promise<WebSocket> {
  const target = new URL(url);
  target.protocol = target.protocol === "https:" ? "wss:" : "ws:";
  const socket = new HeaderedWebSocket(target, {
    headers: {
      ...headers,
      "x-groundwork-session": id,
      "x-groundwork-user": session.user_id,
      "x-groundwork-agent": session.agent_id,
      "x-groundwork-workspace": session.workspace_id,
    },
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(unreachable("no answer in time")), connectPatience);
      socket.addEventListener("open", () => resolve(), { once: true });
      socket.addEventListener("error", (event) => reject(unreachable(event)), { once: true });
    });
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Looks again and again whether the relay may go on. Exported for its test. */
export async function watchOver(
  services: Services,
  id: string,
  session: Session,
  expiresAt: number,
  { end, ended }: { end(why: Closing): void; ended: Promise<void> },
): Promise<void> {
  let silent = 0;
  let isOver = false;
  ended.then(() => isOver = true);
  for (let checks = 1; !isOver; checks++) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pause = new Promise((resolve) => timer = setTimeout(resolve, checkInterval));
    await Promise.race([pause, ended]);
    clearTimeout(timer);
    if (isOver) return;
    if (Date.now() >= expiresAt) return end("token_expired");
    try {
      const usable = await services.permissions.usable(session.user_id, { within: answerAge });
      if (!usable.byId.has(session.agent_id)) return end("access_revoked");
      if (checks % checksPerLook === 0) {
        await findSession(services, id);
        await keepSession(services, id, session);
      }
    } catch (error) {
      if (error instanceof ApiError && error.code === "session_closed") {
        return end("session_closed");
      }
      // Not knowing is no permission, but a moment of it is no reason to cut everybody off.
      log("warning", "a connection's permission could not be checked", { session: id, error });
      if (++silent >= longestSilence) return end("unavailable");
      continue;
    }
    silent = 0;
  }
}

/**
 * `GET /sessions/:id/connect`: a WebSocket to the session's agent.
 *
 * Browsers cannot send headers there: the token comes as `?access_token=` or as a second
 * subprotocol, `new WebSocket(url, ["groundwork", "access-token.<token>"])`. Whatever cannot be is
 * answered before the upgrade. Closed with 4401 when the token ends, 4403 when the permission is
 * revoked, 4410 when the session is closed, 4413 on a message above 1 MiB, 4429 when one side does
 * not keep up, 4502 when the agent fails, 4503 when the permission cannot be checked any more.
 */
export async function connect(context: RequestContext): Promise<Response> {
  const request = context.req.raw;
  const services = context.env;
  const id = uuidParameter(context.req.param("id"), "id");
  const { access_token } = readQuery(request, query);
  const { protocols, token } = readOffer(request, access_token);
  const caller = await identifyFromUrl(services.authenticator, request, token);
  if (caller.kind === "person") services.rateLimiter.count(caller.userId, "write");
  const session = await findSession(services, id);
  requireOwner(caller, session);
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    throw new ApiError(426, "upgrade_required", "This is a WebSocket.", {
      headers: { upgrade: "websocket", connection: "upgrade" },
    });
  }
  const agent = await reachAgent(await locateAgent(services, session), id, session);
  const { socket, response } = Deno.upgradeWebSocket(request, {
    protocol: protocols.includes(protocol) ? protocol : undefined,
  });
  const connection = relay(socket as Socket, agent as Socket);
  const expiresAt = caller.kind === "person" ? caller.expiresAt : Infinity;
  inBackground("keeping a session", keepSession(services, id, session));
  inBackground("watching a connection", watchOver(services, id, session, expiresAt, connection));
  return response;
}
