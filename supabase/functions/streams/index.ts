/** Answers on their way: said in chunks, resumed after a lost connection, finished as a message. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { appendChunks } from "./append-chunks.ts";
import { finishStream } from "./finish-stream.ts";
import { openStream } from "./open-stream.ts";
import { readStream } from "./read-stream.ts";

export const app = createApp("streams");
// What an assistant says only the service says; whose conversation it is reads it.
app.post("/", route("service", "write", openStream));
app.post("/:id/chunks", route("service", "chunks", appendChunks));
app.post("/:id/finish", route("service", "write", finishStream));
app.get("/:id", readStream);

export default serve(app, services);
