import assert from "node:assert/strict";
import { startBareDatabase, until } from "../../fixture.ts";
import { listen, startWorld } from "./listeners.ts";

Deno.test({
  name: "on the embedded database postgres_changes says what to use instead",
  sanitizeResources: false, // the library keeps timers
  sanitizeOps: false,
  async fn(test) {
    await using database = await startBareDatabase();
    await using world = await startWorld({ adminUrl: database.adminUrl });
    const asked = { event: "*", schema: "public", table: "notes" } as const;

    await test.step("by a message of the system; the channel itself is joined", async () => {
      const one = listen(world.connect(), "room", {}, (channel) => {
        channel.on("postgres_changes", asked, () => {});
      });
      await one.becomes("SUBSCRIBED");
      await until("told", () => one.told.length > 0);
      assert.equal(one.told[0]?.status, "error");
      assert.match(one.told[0]?.message ?? "", /embedded database .*\(realtime\.broadcast_changes/);
    });

    await test.step("whoever waits for the subscription is refused with the same words", async () => {
      const one = listen(
        world.connect(),
        "room",
        { postgres_changes_options: { wait: true } },
        (channel) => void channel.on("postgres_changes", asked, () => {}),
      );
      await one.becomes("CHANNEL_ERROR");
      assert.match(one.errors[0] ?? "", /RealtimeDisabledForConfiguration: The embedded database/);
    });
  },
});
