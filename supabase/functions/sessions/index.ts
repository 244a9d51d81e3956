/** A person's sessions with agents: opened, talked through, accounted for, closed. */
import { createApp, serve } from "../_shared/http.ts";
import { route } from "../_shared/route.ts";
import { services } from "../_shared/services.ts";
import { connect } from "./connect.ts";
import { recordTurn } from "./record-turn.ts";
import { closeSession, listSessions, openSession, placeSession } from "./sessions.ts";

export const app = createApp("sessions");
app.post("/", route("person-or-service", "write", openSession));
app.get("/", route("person", "read", listSessions));
app.put("/:id", route("person-or-service", "heartbeat", placeSession));
app.delete("/:id", route("person-or-service", "write", closeSession));
app.post("/:id/turns", route("person-or-service", "write", recordTurn));
app.get("/:id/connect", connect);

export default serve(app, services);
