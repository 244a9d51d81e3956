import {
  assert,
  assertDeepEquals,
  assertEquals,
} from "../../supabase/functions/_shared/asserts.ts";
import { createRedisScratchpad } from "../../supabase/functions/_shared/scratchpad/redis.ts";
import type { Scratchpad } from "../../supabase/functions/_shared/scratchpad/scratchpad.ts";
import { startStackRedis } from "../redis/redis.ts";
import { findRedis } from "../redis/server.ts";
import { askForCommands, findUntouching, readCommands, wasAsked } from "./redis-commands.ts";

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
  assertDeepEquals(Object.fromEntries(readCommands(stats)), { get: 3, config: 2, eval: 1 });
});

Deno.test("a file during which one command was sent touches Redis, and one that speaks of it", async () => {
  let sent = 7;
  const untouching = await findUntouching(
    ["one.test.ts", "none.test.ts", "speaks.test.ts"],
    (file) => {
      if (file === "one.test.ts") sent += 1;
      return Promise.resolve();
    },
    () => Promise.resolve(new Map([["get", sent]])),
    (file) => Promise.resolve(file === "speaks.test.ts" ? "if (environment.redis)" : ""),
  );
  assertDeepEquals([...untouching], ["none.test.ts"]);
});

const asking: Record<string, (pad: Scratchpad) => Promise<unknown>> = {
  "reading an answer": (pad) => pad.readAnswer("ann"),
  "writing one back": (pad) => pad.writeBack("ann", { revision: 1, value: [] }, "", 60),
  "beginning another epoch": (pad) => pad.renewEpoch(),
  "counting": (pad) => pad.hit("limit", 1, 60),
  "getting": (pad) => pad.get("key"),
  "setting": (pad) => pad.set("key", 1, 60),
  "replacing": (pad) => pad.replace("key", 2, 60),
  "joining": (pad) => pad.join("room", "ann", null, 60),
  "looking who is there": (pad) => pad.members("room"),
  "leaving": (pad) => pad.leave("room", "ann"),
  "adding texts": (pad) => pad.append("texts", 0, ["a"], 60),
  "reading texts": (pad) => pad.readChunks("texts", 0, 9),
  "having texts live on": (pad) => pad.expireChunks("texts", 60),
};

Deno.test({
  name: "whatever is asked of Redis counts, and clearing does not",
  ignore: await findRedis() === null,
  async fn(test) {
    const redis = await startStackRedis("auto", "a-token", () => {});
    assert(redis);
    const pad = createRedisScratchpad({ url: redis.restUrl, token: redis.restToken }, 10_000);
    const isAskedBy = async (work: () => Promise<unknown>) => {
      const before = await askForCommands(redis.port);
      await work();
      return wasAsked(before, await askForCommands(redis.port));
    };
    const clear = async () => {
      await pad.raiseFloors(new Map([["ann", 3], ["ben", 1]]));
      await pad.raiseFloors(new Map([["ann", 2]]));
      await pad.remove(["key"]);
    };
    await test.step("raising floors, in whatever order, and removing", async () => {
      assertEquals(await isAskedBy(clear), false);
    });
    for (const [name, ask] of Object.entries(asking)) {
      await test.step(`${name}, also among clearing`, async () => {
        assertEquals(await isAskedBy(() => ask(pad)), true);
        assertEquals(await isAskedBy(() => Promise.all([clear(), ask(pad)])), true);
      });
    }
    await redis.stop();
  },
});
