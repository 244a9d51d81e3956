import { strictEqual } from "node:assert";
import { environment } from "./world.ts";

const PROJECT = new URL("../../../", import.meta.url);

Deno.test("docs/tour.ts prints what the README says", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", PROJECT));
  const promised = /```text\n([\s\S]*?)```/.exec(readme)?.[1];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "docs/tour.ts",
      environment.url,
      environment.publishableKeys.default ?? "",
    ],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
  }).output();
  const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  strictEqual(code, 0, read(stderr));
  strictEqual(read(stdout), promised);
});
