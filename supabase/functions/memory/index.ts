/** What is remembered of a person. */
import { createApp, serve } from "../_shared/http/app.ts";
import { scopedRoute } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { forgetMemory } from "./forget-memory.ts";
import { recallMemories } from "./recall-memories.ts";
import { rememberStatement } from "./remember-statement.ts";

export const app = createApp("memory");
app.post("/", scopedRoute("person-or-service", "write", "memory:write", rememberStatement));
app.post("/search", scopedRoute("person-or-service", "read", "memory:read", recallMemories));
app.delete("/:id", scopedRoute("person-or-service", "write", "memory:write", forgetMemory));

export default serve(app, services);
