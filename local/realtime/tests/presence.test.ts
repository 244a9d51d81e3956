import assert from "node:assert/strict";
import { startBareDatabase, until } from "../../fixture.ts";
import { listen, startWorld } from "./listeners.ts";

Deno.test({
  name: "presence: track, join, sync, update, leave, also of a socket that was killed",
  sanitizeResources: false, // the library keeps timers
  sanitizeOps: false,
  async fn(test) {
    await using database = await startBareDatabase();
    await using world = await startWorld({
      adminUrl: database.adminUrl,
      limits: { presenceEventsPerSecond: 1000 },
    });
    const events: string[] = [];
    const present = (key: string, vsn = "2.0.0") => {
      const client = world.connect({ vsn });
      return Object.assign(listen(client, "room", { presence: { key, enabled: true } }), {
        client,
      });
    };
    const watcher = listen(world.connect(), "room", {}, (channel) => {
      channel
        .on(
          "presence",
          { event: "join" },
          ({ key, newPresences }) =>
            void events.push(`+${key}:${newPresences.map((one) => one.at).join()}`),
        )
        .on(
          "presence",
          { event: "leave" },
          ({ key, leftPresences }) =>
            void events.push(`-${key}:${leftPresences.map((one) => one.at).join()}`),
        )
        .on("presence", { event: "sync" }, () => void events.push("sync"));
    });
    const seen = () =>
      Object.fromEntries(
        Object.entries(watcher.channel.presenceState()).map((
          [key, metas],
        ) => [key, metas.map((meta) => (meta as unknown as { at: string }).at).sort()]),
      );
    const becomes = (state: Record<string, string[]>) =>
      until(`${JSON.stringify(state)}`, () => {
        try {
          assert.deepEqual(seen(), state);
          return true;
        } catch {
          return false;
        }
      }, 10);
    const ann = present("ann");
    const killed = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        new URL("present-until-killed.ts", import.meta.url).pathname,
      ]
        .concat(
          world.realtime.origin.replace("http", "ws") + "/realtime/v1",
          world.keys.publishableKey,
          "ann",
        ),
    }).spawn();
    const bob = present("bob");
    await Promise.all([watcher, ann, bob].map((one) => one.becomes("SUBSCRIBED")));

    await test.step("whoever tracks is seen, a key as often as it is present", async () => {
      assert.equal(await ann.channel.track({ at: "desk" }), "ok");
      assert.equal(await bob.channel.track({ at: "door" }), "ok");
      await becomes({ ann: ["desk", "phone"], bob: ["door"] });
      assert.ok(events.includes("+ann:desk") && events.includes("sync"));
    });

    await test.step("whoever comes later gets the whole state", async () => {
      const late = present("late");
      await until("bob is seen", () => "bob" in late.channel.presenceState());
      assert.equal(late.channel.presenceState().ann?.length, 2);
    });

    await test.step("an update replaces, untrack leaves, and the socket stays", async () => {
      await bob.channel.track({ at: "table" });
      await becomes({ ann: ["desk", "phone"], bob: ["table"] });
      await bob.channel.untrack();
      await becomes({ ann: ["desk", "phone"] });
      assert.ok(events.includes("-bob:table"));
      assert.equal(bob.channel.state, "joined");
    });

    await test.step("a killed socket leaves, the same key elsewhere stays", async () => {
      killed.kill("SIGKILL");
      await killed.status;
      await until("the phone has left", () => events.includes("-ann:phone"));
      await becomes({ ann: ["desk"] });
    });

    await test.step("a key may have any name", async () => {
      const odd = present("__proto__");
      await odd.becomes("SUBSCRIBED");
      assert.equal(await odd.channel.track({ at: "x" }), "ok");
      await odd.channel.untrack();
      await bob.channel.track({ at: "still here" });
      await until("the others are seen", () => "bob" in watcher.channel.presenceState());
    });
  },
});
