/** Answers on their way: said in chunks, resumed after a lost connection, finished as a message. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route, scopedRoute } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { appendChunks } from "./append-chunks.ts";
import { appendDurable, createDurable, readDurable, removeDurable } from "./durable/durable.ts";
import { finishStream } from "./finish-stream.ts";
import { openStream } from "./open-stream.ts";
import { readStream } from "./read-stream.ts";
import { resumeChat, sendToChat, stopChat } from "./chat.ts";
import { readScope, writeScope } from "./stream-store.ts";
import { awaitStop, stopStream } from "./stop-stream.ts";

export const app = createApp("streams");
// What an assistant says only the agent and the service say; whose conversation it is reads it.
app.post("/", scopedRoute("service", "write", writeScope, openStream));
app.post("/:id/chunks", scopedRoute("service", "chunks", writeScope, appendChunks));
app.post("/:id/finish", scopedRoute("service", "write", writeScope, finishStream));
app.get("/:id", readStream);
app.post("/:id/stop", scopedRoute("person-or-service", "write", writeScope, stopStream));
app.get("/:id/stop", scopedRoute("service", "read", writeScope, awaitStop));
// The same streams as the AI SDK's `useChat` asks for them.
app.post("/chat", route("person", "write", sendToChat));
app.get("/chat/:id/stream", route("person", "read", resumeChat));
app.post("/chat/:id/stop", route("person", "write", stopChat));
// And as the protocol Durable Streams has them.
const durable = "/v1/stream/*";
app.put(durable, scopedRoute("service", "chunks", writeScope, createDurable));
app.post(durable, scopedRoute("service", "chunks", writeScope, appendDurable));
app.get(durable, scopedRoute("person-or-service", "read", readScope, readDurable));
app.delete(durable, scopedRoute("service", "write", writeScope, removeDurable));

export default serve(app, services);
