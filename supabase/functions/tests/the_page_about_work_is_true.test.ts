import { assertEquals } from "../_shared/asserts.ts";
import { blockOf, publishableKey, readPage, runProgram } from "./programs.ts";
import { dropQueue } from "./queues.ts";
import { connect } from "./world.ts";

Deno.test("docs/work.ts prints what docs/work.md says, on the table that it begins with", async () => {
  const page = await readPage("docs/work.md");
  const sql = connect();
  await sql.unsafe(blockOf(page, "sql")).simple();
  try {
    assertEquals(await runProgram("docs/work.ts", publishableKey), blockOf(page, "text"));
  } finally {
    await dropQueue(sql, "thumbnail_queue");
    await sql.end();
  }
});
