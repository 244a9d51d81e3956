import { strictEqual } from "node:assert";
import { dropQueue } from "./queues.ts";
import { connect, environment } from "./world.ts";

const PROJECT = new URL("../../../", import.meta.url);

Deno.test("docs/work.ts prints what docs/work.md says, on the table that it begins with", async () => {
  const page = await Deno.readTextFile(new URL("docs/work.md", PROJECT));
  const table = /```sql\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  const promised = /```text\n([\s\S]*?)```/.exec(page)?.[1];
  const sql = connect();
  await sql.unsafe(table).simple();
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-all",
        "docs/work.ts",
        environment.url,
        environment.secretKeys.default ?? "",
      ],
      cwd: PROJECT,
      env: { NO_COLOR: "1" },
    }).output();
    const read = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    strictEqual(code, 0, read(stderr));
    strictEqual(read(stdout), promised);
  } finally {
    await dropQueue(sql, "thumbnail_queue");
    await sql.end();
  }
});
