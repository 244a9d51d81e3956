/** `npm run assistant`: builds the example for a host of static files. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildAssistant } from "./build.ts";

const usage = `npm run assistant -- --url <API URL> --key <publishable key>

Builds examples/assistant/dist, which any host of static files serves, and writes its config.json.`;

const { values: { url, key } } = parseArgs({
  args: Deno.args,
  options: { url: { type: "string" }, key: { type: "string" } },
});
if (!url || !URL.canParse(url) || !key) {
  console.error(usage);
  Deno.exit(2);
}
if (key.startsWith("sb_secret_") || !key.startsWith("sb_publishable_")) {
  console.error(
    "--key takes the publishable key (sb_publishable_…): whoever opens the page reads it.",
  );
  Deno.exit(2);
}
const folder = await buildAssistant();
await Deno.writeTextFile(
  join(folder, "config.json"),
  `${JSON.stringify({ url, key })}\n`,
);
console.log(folder);
