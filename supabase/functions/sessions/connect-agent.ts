import { inBackground } from "../_shared/background.ts";
import { identifyFromUrl } from "../_shared/access/authentication.ts";
import { signSessionToken } from "../_shared/access/session-token.ts";
import { ApiError } from "../_shared/errors.ts";
import { type RequestContext, traceOf } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { asksForSocket, closeCodeOf, openSocket } from "../_shared/http/socket-server.ts";
import { uuidParameter } from "../_shared/input.ts";
import { log } from "../_shared/log.ts";
import { findTarget, type Resolve } from "../_shared/outbound/url.ts";
import { openOutboundSocket, type OutboundSocket } from "../_shared/outbound/websocket.ts";
import { kinds, type Span } from "../_shared/traces/span.ts";
import type { UsableAgent } from "../_shared/access/permissions.ts";
import type { Services } from "../_shared/services.ts";
import { createAdmission } from "./admit-turn.ts";
import { holdRelay, requireRoom } from "./open-relays.ts";
import { handoverProtocol, readToken, tokenQuery } from "./read-token.ts";
import { closeCodes, type PersonsSocket, relayBounds, startRelay } from "./relay.ts";
import { isOver, requireSession, type Session, sessionClosed } from "./session-store.ts";
import { watchSession } from "./watch-session.ts";

/** Milliseconds between two pings to a person. */
const pingEvery = 15_000;

/** What a socket that is refused is closed with, besides the codes of a relay. */
export const refusalCodes: readonly number[] = [400, 404, 429, 500, 503].map(closeCodeOf);

const ownCodes = new Set<number>([1000, 1001, 1005, 1006, ...Object.values(closeCodes)]);
/** An agent closes with whatever it likes: what is not ours is counted as one. */
const nameClose = (code: number) => ownCodes.has(code) ? String(code) : "other";

/** The relay as long as it runs: the request that asked for it ends when the socket is open. */
function beginRelaySpan({ tracer }: Services, request: Request, session: Session) {
  const asked = traceOf(request);
  const span = asked && tracer.within(asked, "relay", kinds.client);
  span?.set({
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.conversation.id": session.id,
    "gen_ai.agent.id": session.agent_id,
  });
  return span;
}

function requireUpgrade(request: Request): void {
  if (asksForSocket(request)) return;
  throw new ApiError(426, "upgrade_required", "This is a WebSocket.", {
    hint: "Open it with a WebSocket client.",
    headers: { upgrade: "websocket", connection: "Upgrade" },
  });
}

/** The agent, as the database says now that the person may use it. */
async function requireAgent(
  { permissions }: Services,
  session: Session,
): Promise<{ agent: UsableAgent; revision: number }> {
  const usable = await permissions.usable(session.user_id, "fresh");
  const agent = usable.byId.get(session.agent_id);
  if (agent) return { agent, revision: usable.revision };
  const consistency = { atLeast: usable.revision };
  const { reason } = await permissions.access(session.user_id, session.agent_id, consistency);
  // Once it was theirs to use: that it exists is no secret here.
  throw new ApiError(403, "access_denied", "You may not use this agent.", { hint: reason });
}

async function findNamespace({ database }: Services, workspace: string): Promise<string | null> {
  const [row] = await database.run((sql) =>
    sql<{ k8s_namespace: string | null }[]>`
      select k8s_namespace from public.workspaces where id = ${workspace}`
  );
  return row?.k8s_namespace ?? null;
}

/**
 * Reaches the agent. It is told who is talking and through which session, and is handed what it can
 * exchange for a token of its own; never the person's.
 *
 * @param span the relay, which the agent's own spans are a part of
 * @param resolve is for tests
 */
export async function reachAgent(
  services: Services,
  agent: UsableAgent,
  session: Session,
  span?: Span,
  resolve?: Resolve,
): Promise<OutboundSocket> {
  try {
    const isInside = agent.endpoint_url.startsWith("http:");
    const target = await findTarget(agent.endpoint_url, {
      namespace: isInside ? await findNamespace(services, agent.workspace_id) : null,
      gateway: services.environment.clusterGateway,
    }, resolve);
    const token = await signSessionToken(services.environment, {
      sessionId: session.id,
      userId: session.user_id,
      agentId: session.agent_id,
    });
    return await openOutboundSocket(target, {
      longestMessage: relayBounds.longestMessage,
      headers: {
        "x-groundwork-session-id": session.id,
        "x-groundwork-user-id": session.user_id,
        "x-groundwork-agent-id": session.agent_id,
        "x-groundwork-workspace-id": session.workspace_id,
        ...span?.headers,
        ...(token ? { "x-groundwork-session-token": token } : {}),
      },
    });
  } catch (error) {
    log("warning", "an agent was not reached", { agent_id: agent.id, error });
    throw error;
  }
}

/**
 * `GET /sessions/:id/connect`: a WebSocket to the session's agent. Refusals of a WebSocket are close
 * codes (docs/errors.md), of any other request HTTP answers. When the isolate ends the person is asked to
 * come again (4307) and told what was heard of them, so that the rest is said to the next isolate. A
 * token that expires closes the socket with 4401: the session goes on, and the client connects again
 * with a new token.
 */
export async function connectAgent(context: RequestContext): Promise<Response> {
  const services = context.env;
  const request = context.req.raw;
  const id = uuidParameter(context.req.param("id"), "id");
  const credentials = readToken(request);
  const caller = await identifyFromUrl(services.authenticator, request, credentials.token, null);
  if (caller.kind === "person") services.rateLimiter.count(caller.userId, "write");
  const { session } = await requireSession(services, id, caller);
  requireUpgrade(request);
  if (await isOver(services, id)) throw sessionClosed();
  const { agent, revision } = await requireAgent(services, session);
  requireRoom();
  const allowed = await services.limits.of(session.workspace_id, "relays_at_once");
  const letGo = await services.limits.holdEverywhere("relays_at_once", session.user_id, allowed);

  let opened: ReturnType<typeof openSocket>;
  try {
    const { protocol } = credentials;
    const { longestMessage } = relayBounds;
    opened = openSocket(request, { longestMessage, protocol, pingEvery });
  } catch (error) {
    letGo();
    throw error;
  }
  const { socket, response } = opened;
  const span = beginRelaySpan(services, request, session);
  const traced = <Result>(work: () => Result) => span ? services.tracer.run(span, work) : work();
  const admit = createAdmission(services, session);
  const relay = startRelay(
    socket as PersonsSocket,
    () => traced(() => reachAgent(services, agent, session, span)),
    relayBounds,
    credentials.protocol === handoverProtocol,
    () => traced(admit),
  );
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") relay.end(closeCodes.tooLong, "");
  });
  holdRelay(id, relay);
  relay.ended.then(letGo);
  services.metrics.add("groundwork_relays_opened_total");
  relay.ended.then(({ code }) => {
    services.metrics.add(`groundwork_relays_closed_total{code="${nameClose(code)}"}`);
    span?.set({ "groundwork.relay.close_code": code });
    span?.end({ isError: code === closeCodes.agentAway });
  });
  const forgetCall = services.lifetime.onLastCall(relay.handOver);
  // The platform does not count a socket as a reason to keep the isolate.
  inBackground("a relay", relay.ended.then(forgetCall));
  const node = `relay:${crypto.randomUUID()}`;
  const expiresAt = caller.kind === "person" ? caller.expiresAt : Infinity;
  traced(() => watchSession(services, { session, expiresAt, node, revision }, relay));
  return response;
}
takes(connectAgent, { query: tokenQuery });
