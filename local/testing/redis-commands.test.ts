import { assertDeepEquals, assertEquals } from "../../supabase/functions/_shared/asserts.ts";
import { countCommands, findUntouching } from "./redis-commands.ts";

Deno.test("commands are counted, and what a connection says for itself is not", () => {
  const stats = [
    "# Commandstats",
    "cmdstat_get:calls=3,usec=10,usec_per_call=3.33",
    "cmdstat_client|setinfo:calls=8,usec=9,usec_per_call=1.1",
    "cmdstat_config|get:calls=2,usec=9,usec_per_call=1.1",
    "cmdstat_info:calls=40,usec=900,usec_per_call=22.5",
    "cmdstat_ping:calls=7,usec=1,usec_per_call=0.1",
    "cmdstat_eval:calls=1,usec=1,usec_per_call=1",
  ].join("\r\n");
  assertEquals(countCommands(stats), 6);
});

Deno.test("a file during which one command was sent touches Redis", async () => {
  let sent = 7;
  const untouching = await findUntouching(
    ["one.test.ts", "none.test.ts"],
    (file) => {
      if (file === "one.test.ts") sent += 1;
      return Promise.resolve();
    },
    () => Promise.resolve(sent),
  );
  assertDeepEquals([...untouching], ["none.test.ts"]);
});
