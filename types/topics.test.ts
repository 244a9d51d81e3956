import assert from "node:assert/strict";
import type { GroundworkClient } from "./client.ts";
import { listenToTopic } from "./topics.ts";

/** A client whose one channel hears what the test says. */
function fakeClient() {
  let hear: (heard: { event: string; payload: { id: number } }) => void = () => {};
  const channel = {
    on(_kind: string, _filter: unknown, onHeard: typeof hear) {
      hear = onHeard;
      return channel;
    },
    subscribe: (onState: (state: string) => void) => onState("SUBSCRIBED"),
  };
  const client = {
    realtime: { setAuth: () => Promise.resolve() },
    channel: () => channel,
    removeChannel: () => Promise.resolve(),
  };
  return {
    client: client as unknown as GroundworkClient,
    say: (event: string, id: number) => hear({ event, payload: { id } }),
  };
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("after events it is read once more: a read may come before what was told of is visible", async () => {
  const { client, say } = fakeClient();
  const told: string[] = [];
  const leave = listenToTopic(client, "conversation:1", {
    onJoined: () => void told.push("read"),
    onEvent: (event, { id }) => void told.push(`${event} ${id}`),
  });
  await pause(50);
  assert.deepEqual(told, ["read"]);
  say("message_added", 1);
  say("message_added", 2);
  assert.deepEqual(told, ["read", "message_added 1", "message_added 2"]);
  for (let n = 0; n < 100 && told.length < 4; n++) await pause(50);
  assert.deepEqual(told.slice(3), ["read"], "once for both");
  leave();
  say("message_added", 3);
  assert.deepEqual(told.length, 4, "who has left hears nothing");
  await pause(1_100); // the channel is let go of
});
