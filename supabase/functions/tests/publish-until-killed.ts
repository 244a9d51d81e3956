/** A process of its own that publishes the due articles, for a test to kill. */
import { publishDue } from "../_shared/publishing/publishing.ts";
import { createDevto } from "../publish-build-content/devto.ts";
import { startIsolate } from "./world.ts";

const [url, key] = Deno.args;
const { services } = startIsolate();
await publishDue(
  services.database,
  "build_content_queue",
  () => createDevto({ url: url ?? "", key: key ?? "" }),
);
