/** Answers on their way: said in chunks, resumed after a lost connection, finished as a message. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { appendChunks } from "./append-chunks.ts";
import {
  appendDurable,
  createDurable,
  guarded,
  readDurable,
  removeDurable,
} from "./durable/durable.ts";
import { finishStream } from "./finish-stream.ts";
import { openStream } from "./open-stream.ts";
import { readStream } from "./read-stream.ts";
import { resumeChat, sendToChat, stopChat } from "./chat.ts";
import { awaitStop, stopStream } from "./stop-stream.ts";

export const app = createApp("streams");
// What an assistant says only the service says; whose conversation it is reads it.
app.post("/", route("service", "write", openStream));
app.post("/:id/chunks", route("service", "chunks", appendChunks));
app.post("/:id/finish", route("service", "write", finishStream));
app.get("/:id", readStream);
app.post("/:id/stop", route("person-or-service", "write", stopStream));
app.get("/:id/stop", route("service", "read", awaitStop));
// The same streams as the AI SDK's `useChat` asks for them.
app.post("/chat", route("person", "write", sendToChat));
app.get("/chat/:id/stream", route("person", "read", resumeChat));
app.post("/chat/:id/stop", route("person", "write", stopChat));
// And as the protocol Durable Streams has them.
const durable = "/v1/stream/*";
app.put(durable, route("service", "chunks", guarded(createDurable)));
app.post(durable, route("service", "chunks", guarded(appendDurable)));
app.get(durable, route("person-or-service", "read", guarded(readDurable)));
app.delete(durable, route("service", "write", guarded(removeDurable)));

export default serve(app, services);
