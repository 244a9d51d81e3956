import { strictEqual } from "node:assert";
import { environment } from "./world.ts";

const PROJECT = new URL("../../../", import.meta.url);

Deno.test("docs/turn.ts prints what docs/assistant.md says", async () => {
  const page = await Deno.readTextFile(new URL("docs/assistant.md", PROJECT));
  const promised = page.match(/```text\n([\s\S]*?)```/g)?.[1]?.slice("```text\n".length, -3);
  const { publishableKeys, secretKeys, url } = environment;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "docs/turn.ts", url],
      ...[publishableKeys.default ?? "", secretKeys.default ?? ""],
    ],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
  }).output();
  const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  strictEqual(code, 0, read(stderr));
  strictEqual(read(stdout), promised);
});
