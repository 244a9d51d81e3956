/** A person talks to an agent: opened, placed, relayed, accounted for, closed. */
import type { Server } from "node:http";
import { createApp, serve } from "../_shared/http/app.ts";
import { route, scopedRoute } from "../_shared/http/route.ts";
import { createSocketServer } from "../_shared/http/socket-server.ts";
import { type Services, services } from "../_shared/services.ts";
import { closeSession } from "./close-session.ts";
import { connectAgent } from "./connect-agent.ts";
import { listSessions } from "./list-sessions.ts";
import { openSession } from "./open-session.ts";
import { placeSession } from "./place-session.ts";
import { handoverProtocol, protocolName } from "./read-token.ts";
import { recordTurn, usageScope } from "./record-turn.ts";

export const app = createApp("sessions");
app.post("/", route("person-or-service", "write", openSession));
app.get("/", route("person", "read", listSessions));
app.put("/:id", route("person-or-service", "heartbeat", placeSession));
app.post("/:id/turns", scopedRoute("person-or-service", "write", usageScope, recordTurn));
app.delete("/:id", route("person-or-service", "write", closeSession));
// Not wrapped: it finds the token in more places, and the answer to an upgrade takes no headers.
app.get("/:id/connect", connectAgent);

/**
 * The function as a server, with the services of its isolate. A client that offers both subprotocols knows by the plain
 * one that it is refused and that nothing it says is heard.
 */
export const serveSessions = (services: () => Services): Server =>
  createSocketServer({ ...serve(app, services), protocols: [protocolName, handoverProtocol] });

// Only the platform's runtime has it. The port is the platform's to choose.
if ("EdgeRuntime" in globalThis) serveSessions(services).listen(8080);
