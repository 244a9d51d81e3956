/** Channels, and the connection below them. */
import type { RealtimeChannel, SupabaseClient } from "@supabase/supabase-js";
import assert from "node:assert/strict";
import { until } from "../../fixture.ts";
import { type Outcome, works } from "../outcome.ts";
import type { Calls, World } from "../world.ts";

const aTopic = () => `topic ${crypto.randomUUID()}`;

/** Resolves when the channel is joined, with what was said of it otherwise. */
const join = (channel: RealtimeChannel) =>
  new Promise<string>((resolve) =>
    channel.subscribe((state, error) => resolve(error ? `${state}: ${error.message}` : state))
  );

/** A joined channel that hears what it says itself. */
async function joined({ open }: World) {
  const client = open();
  const heard: unknown[] = [];
  const channel = client.channel(aTopic(), { config: { broadcast: { self: true, ack: true } } })
    .on("broadcast", { event: "said" }, ({ payload }) => void heard.push(payload));
  assert.equal(await join(channel), "SUBSCRIBED");
  return { client, channel, heard };
}

async function connected({ open }: World): Promise<SupabaseClient["realtime"]> {
  const { realtime } = open();
  realtime.connect();
  await until("the socket is open", () => realtime.isConnected());
  return realtime;
}

/** Listens to changes of a table; what cannot be is told in a message of the system. */
async function changes(world: World): Promise<Outcome> {
  const client = world.open();
  const told: { status: string; message: string }[] = [];
  const heard: unknown[] = [];
  const channel = client.channel(aTopic());
  channel.on("system", {}, (message) => void told.push(message));
  channel.on(
    "postgres_changes",
    { event: "INSERT", schema: "public", table: "books" },
    (change) => void heard.push(change.new.title),
  );
  await join(channel);
  const answer = await until("it is told", () => told[0]);
  if (answer.status !== "ok") return "only on a real Postgres (a `system` message says so)";
  await client.from("books").insert({ title: "Heard of", author_id: 1 });
  await until("the change is heard", () => heard.length > 0);
  assert.deepEqual(heard, ["Heard of"]);
  return works;
}

const done = (check: (world: World) => unknown) => async (world: World) => {
  await check(world);
  return works;
};

const ofChannels: Calls = {
  "channel().subscribe": done(async ({ open }) => {
    assert.equal(await join(open().channel(aTopic())), "SUBSCRIBED");
  }),
  "channel().subscribe: a private one": done(async ({ signUp }) => {
    const { client } = await signUp();
    await client.realtime.setAuth();
    const channel = client.channel(aTopic(), { config: { private: true } });
    assert.equal(await join(channel), "SUBSCRIBED");
  }),
  "channel().subscribe: a private one of others": async ({ open }) => {
    const said = await join(open().channel(aTopic(), { config: { private: true } }));
    assert.match(said, /^CHANNEL_ERROR: .*Unauthorized/i);
    return "refused: `Unauthorized`";
  },
  "channel().on": done(async (world) => {
    const { channel, heard } = await joined(world);
    await channel.send({ type: "broadcast", event: "said", payload: { n: 1 } });
    await until("it is heard", () => heard.length > 0);
  }),
  "channel().on: changes of a table": changes,
  "channel().send": done(async (world) => {
    const { channel } = await joined(world);
    const sending = channel.send({ type: "broadcast", event: "said", payload: { n: 1 } });
    assert.equal(await sending, "ok");
  }),
  "channel().httpSend": done(async (world) => {
    const { channel, heard } = await joined(world);
    assert.deepEqual(await channel.httpSend("said", { n: 2 }), { success: true });
    await until("it is heard", () => heard.length > 0);
  }),
  "channel().track": done(async (world) => {
    const { channel } = await joined(world);
    assert.equal(await channel.track({ name: "Ada" }), "ok");
  }),
  "channel().untrack": done(async (world) => {
    const { channel } = await joined(world);
    await channel.track({ name: "Ada" });
    assert.equal(await channel.untrack(), "ok");
  }),
  "channel().presenceState": done(async ({ open }) => {
    const channel = open().channel(aTopic(), { config: { presence: { key: "ada" } } })
      .on("presence", { event: "sync" }, () => {});
    await join(channel);
    await channel.track({ name: "Ada" });
    await until("she is there", () => "ada" in channel.presenceState());
  }),
  "channel().updateJoinPayload": done(async ({ open }) => {
    const channel = open().channel(aTopic());
    channel.updateJoinPayload({ mine: 1 });
    assert.equal(await join(channel), "SUBSCRIBED");
  }),
  "channel().unsubscribe": done(async (world) => {
    const { channel } = await joined(world);
    assert.equal(await channel.unsubscribe(), "ok");
  }),
  "channel().teardown": done(async (world) => (await joined(world)).channel.teardown()),
  "channel().copyBindings": done(async (world) => {
    const { client, channel, heard } = await joined(world);
    const other = client.channel(aTopic(), { config: { broadcast: { self: true } } });
    other.copyBindings(channel);
    assert.equal(await join(other), "SUBSCRIBED");
    await other.send({ type: "broadcast", event: "said", payload: {} });
    await until("it is heard", () => heard.length > 0);
  }),
  "channel": done(({ open }) => assert.ok(open().channel(aTopic()).topic)),
  "getChannels": done(async (world) => {
    const { client } = await joined(world);
    assert.equal(client.getChannels().length, 1);
  }),
  "removeChannel": done(async (world) => {
    const { client, channel } = await joined(world);
    assert.equal(await client.removeChannel(channel), "ok");
    assert.deepEqual(client.getChannels(), []);
  }),
  "removeAllChannels": done(async (world) => {
    const { client } = await joined(world);
    assert.deepEqual(await client.removeAllChannels(), ["ok"]);
  }),
};

const ofConnections: Calls = {
  "realtime.connect": done(connected),
  "realtime.disconnect": done(async (world) => {
    const realtime = await connected(world);
    await realtime.disconnect();
    assert.equal(realtime.isConnected(), false);
  }),
  "realtime.isConnected": done(async (world) => assert.ok((await connected(world)).isConnected())),
  "realtime.isConnecting": done(({ open }) => {
    const { realtime } = open();
    realtime.connect();
    assert.equal(realtime.isConnecting(), true);
  }),
  "realtime.isDisconnecting": done(async (world) =>
    assert.equal((await connected(world)).isDisconnecting(), false)
  ),
  "realtime.connectionState": done(async (world) =>
    assert.equal((await connected(world)).connectionState(), "open")
  ),
  "realtime.endpointURL": done(({ open, stack }) => {
    const url = new URL(open().realtime.endpointURL());
    assert.equal(url.host, new URL(stack.apiUrl).host);
  }),
  "realtime.channel": done(async ({ open }) => {
    assert.equal(await join(open().realtime.channel(aTopic())), "SUBSCRIBED");
  }),
  "realtime.getChannels": done(async (world) => {
    const { client } = await joined(world);
    assert.equal(client.realtime.getChannels().length, 1);
  }),
  "realtime.removeChannel": done(async (world) => {
    const { client, channel } = await joined(world);
    assert.equal(await client.realtime.removeChannel(channel), "ok");
  }),
  "realtime.removeAllChannels": done(async (world) => {
    const { client } = await joined(world);
    assert.deepEqual(await client.realtime.removeAllChannels(), ["ok"]);
  }),
  "realtime.setAuth": done(async ({ signUp }) => {
    const { client } = await signUp();
    await client.realtime.setAuth();
    const channel = client.channel(aTopic(), { config: { private: true } });
    assert.equal(await join(channel), "SUBSCRIBED");
  }),
  "realtime.push": done(async (world) => {
    const { client, channel, heard } = await joined(world);
    const payload = { type: "broadcast", event: "said", payload: { n: 3 } };
    const { topic } = channel;
    client.realtime.push({ topic, event: "broadcast", payload, ref: "77" } as never);
    await until("it is heard", () => heard.length > 0);
  }),
  "realtime.sendHeartbeat": done(async (world) => {
    const realtime = await connected(world);
    const heard: string[] = [];
    realtime.onHeartbeat((status) => void heard.push(status));
    await realtime.sendHeartbeat();
    await until("it is answered", () => heard.includes("ok"));
  }),
  "realtime.onHeartbeat": done(async (world) => {
    const realtime = await connected(world);
    const heard: string[] = [];
    realtime.onHeartbeat((status) => void heard.push(status));
    await realtime.sendHeartbeat();
    await until("it is heard of", () => heard.includes("sent"));
  }),
  "realtime.log": done(({ open }) => open().realtime.log("kind", "message")),
  "realtime.hasLogger": done(({ open }) => assert.equal(open().realtime.hasLogger(), false)),
};

export const realtime: Calls = { ...ofChannels, ...ofConnections };
