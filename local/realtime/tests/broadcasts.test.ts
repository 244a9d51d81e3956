import { createClient } from "@supabase/supabase-js";
import assert from "node:assert/strict";
import { connect } from "../../database/connect.ts";
import { startBareDatabase, until } from "../../fixture.ts";
import { listen, startWorld } from "./listeners.ts";

Deno.test({
  name: "what a client says on a public channel is heard as with the platform",
  sanitizeResources: false, // the library keeps timers
  sanitizeOps: false,
  async fn(test) {
    await using database = await startBareDatabase();
    await using world = await startWorld({ adminUrl: database.adminUrl });
    const room = (topic: string, config = {}, vsn?: string) =>
      listen(world.connect(vsn ? { vsn } : {}), topic, config);

    for (const vsn of ["1.0.0", "2.0.0"]) {
      await test.step(`others hear it, whoever says it hears it with self, and ack is answered (${vsn})`, async () => {
        const speaker = room(`talk ${vsn}`, { broadcast: { ack: true } }, vsn);
        const echo = room(`talk ${vsn}`, { broadcast: { self: true } }, "2.0.0");
        const old = room(`talk ${vsn}`, {}, "1.0.0");
        await Promise.all([speaker, echo, old].map((one) => one.becomes("SUBSCRIBED")));
        const say = (from: typeof echo, said: string) =>
          from.channel.send({ type: "broadcast", event: "said", payload: { said } });
        assert.equal(await say(speaker, "héllo"), "ok");
        await echo.hears(1);
        assert.equal(await say(echo, "back"), "ok");
        assert.deepEqual(await speaker.hears(1), [{ said: "back" }]);
        assert.deepEqual(await echo.hears(2), [{ said: "héllo" }, { said: "back" }]);
        assert.deepEqual(await old.hears(2), [{ said: "héllo" }, { said: "back" }]);
      });
    }

    await test.step("bytes arrive as bytes", async () => {
      const [speaker, hearer] = [room("bytes"), room("bytes")];
      await Promise.all([speaker, hearer].map((one) => one.becomes("SUBSCRIBED")));
      const payload = Uint8Array.from([0, 255, 7]).buffer;
      await speaker.channel.send({ type: "broadcast", event: "raw", payload });
      const [heard] = await hearer.hears(1);
      assert.deepEqual(new Uint8Array(heard as ArrayBuffer), new Uint8Array(payload));
    });

    await test.step("by HTTP: before the channel is joined, and by httpSend", async () => {
      const hearer = room("http");
      await hearer.becomes("SUBSCRIBED");
      const client = createClient(world.realtime.origin, world.keys.publishableKey);
      const channel = client.channel("http");
      const message = { type: "broadcast", event: "a", payload: { by: "send" } } as const;
      assert.equal(await channel.send(message), "ok");
      assert.deepEqual(await channel.httpSend("b", { by: "httpSend" }), { success: true });
      assert.deepEqual(await hearer.hears(2), [{ by: "send" }, { by: "httpSend" }]);
      const wrong = createClient(world.realtime.origin, "sb_publishable_wrong").channel("http");
      assert.equal(await wrong.send(message), "error");
    });

    await test.step("the database is heard in its order, and what was rolled back never", async () => {
      const hearer = room("news");
      await hearer.becomes("SUBSCRIBED");
      const sql = connect(database.url);
      const say = (n: number, on = sql) =>
        on`select realtime.send(${sql.json({ n })}, 'news', 'news', false)`;
      await sql.begin(async (transaction) => {
        for (const n of [1, 2, 3]) await say(n, transaction as never);
      });
      await sql.begin(async (transaction) => {
        await say(99, transaction as never);
        throw new Error("as asked");
      }).catch(() => {});
      await say(4);
      const heard = await hearer.hears(4) as { n: number; id: string }[];
      assert.deepEqual(heard.map(({ n }) => n), [1, 2, 3, 4]);
      assert.deepEqual(hearer.heard.map(({ meta }) => meta?.id), heard.map(({ id }) => id));
      await sql.end();
    });

    await test.step("a channel is left, and joined again", async () => {
      const speaker = room("again", { broadcast: { ack: true } });
      const client = world.connect();
      const first = listen(client, "again");
      await Promise.all([speaker, first].map((one) => one.becomes("SUBSCRIBED")));
      assert.equal(await client.removeChannel(first.channel), "ok");
      await speaker.channel.send({
        type: "broadcast",
        event: "x",
        payload: { heard: "by nobody" },
      });
      const second = listen(client, "again");
      await second.becomes("SUBSCRIBED");
      await speaker.channel.send({ type: "broadcast", event: "x", payload: { heard: "again" } });
      assert.deepEqual(await second.hears(1), [{ heard: "again" }]);
      assert.deepEqual(first.heard, []);
      assert.ok(first.states.includes("CLOSED"));
    });

    await test.step("a heartbeat is answered", async () => {
      const client = world.connect();
      const beats: string[] = [];
      client.onHeartbeat((status) => void beats.push(status));
      await listen(client, "beats").becomes("SUBSCRIBED");
      await client.sendHeartbeat();
      await until("a heartbeat is answered", () => beats.includes("ok"));
    });
  },
});
