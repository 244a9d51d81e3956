/** What a workspace knows: documents at paths, found by words and by meaning. */
import { createApp, serve } from "../_shared/http/app.ts";
import { route, scopedRoute } from "../_shared/http/route.ts";
import { services } from "../_shared/services.ts";
import { moveDocuments } from "./move-documents.ts";
import { putDocument } from "./put-document.ts";
import { searchDocuments } from "./search-documents.ts";

export const app = createApp("knowledge");
app.post("/documents", route("person-or-service", "write", putDocument));
app.post("/search", scopedRoute("person-or-service", "read", "knowledge:read", searchDocuments));
app.post("/move", route("person-or-service", "write", moveDocuments));

export default serve(app, services);
