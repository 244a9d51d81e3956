/** What is remembered of a person. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { forgetMemory } from "./forget-memory.ts";
import { recallMemories } from "./recall-memories.ts";
import { rememberStatement } from "./remember-statement.ts";

export const app = createApp("memory");
app.post("/", route("person-or-service", "write", rememberStatement));
app.post("/search", route("person-or-service", "read", recallMemories));
app.delete("/:id", route("person-or-service", "write", forgetMemory));

export default serve(app, services);
