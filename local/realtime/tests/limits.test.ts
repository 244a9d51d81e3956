import assert from "node:assert/strict";
import { connect } from "../../database/connect.ts";
import { startBareDatabase, until } from "../../fixture.ts";
import type { Limits } from "../limits.ts";
import { listen, startWorld, type World } from "./listeners.ts";

Deno.test({
  name: "limits are the platform's, with its errors, and who keeps them is served",
  sanitizeResources: false, // the library keeps timers
  sanitizeOps: false,
  async fn(test) {
    await using database = await startBareDatabase();
    const within = (
      claim: string,
      limits: Partial<Limits>,
      body: (world: World) => Promise<void>,
    ) =>
      test.step(claim, async () => {
        await using world = await startWorld({
          adminUrl: database.adminUrl,
          limits: { windowSeconds: 1, ...limits },
        });
        await body(world);
      });
    const said = (size: number) =>
      ({ type: "broadcast", event: "said", payload: { said: "x".repeat(size) } }) as const;

    await within("channels of a connection", { channelsPerConnection: 2 }, async (world) => {
      const client = world.connect();
      await listen(client, "one").becomes("SUBSCRIBED");
      await listen(client, "two").becomes("SUBSCRIBED");
      const third = listen(client, "three");
      await third.becomes("CHANNEL_ERROR");
      assert.deepEqual(third.errors, ["ChannelRateLimitReached: Too many channels"]);
      await listen(world.connect(), "three").becomes("SUBSCRIBED");
    });

    await within(
      "connections: refused at the door, free again when one goes",
      { connections: 1 },
      async (world) => {
        const first = world.connect();
        await listen(first, "one").becomes("SUBSCRIBED");
        const address =
          `${world.realtime.origin}/realtime/v1/websocket?apikey=${world.keys.publishableKey}`;
        const upgrade = { headers: { upgrade: "websocket", connection: "upgrade" } };
        // `fetch` may not ask for an upgrade; a plain connection may.
        assert.equal(await statusOf(address, upgrade.headers), 429);
        await first.disconnect();
        await until(
          "there is room again",
          async () => await statusOf(address, upgrade.headers) === 101,
        );
      },
    );

    await within("joins a second", { joinsPerSecond: 2 }, async (world) => {
      const clients = [1, 2, 3, 4].map((n) => listen(world.connect(), `room ${n}`));
      await until(
        "one is refused",
        () =>
          clients.some(({ errors }) =>
            errors.includes("ClientJoinRateLimitReached: Too many joins per second")
          ),
      );
      await until(
        "all are in at last",
        () => clients.every(({ states }) => states.includes("SUBSCRIBED")),
      );
    });

    await within("the size of a broadcast", { payloadKilobytes: 1 }, async (world) => {
      const speaker = listen(world.connect(), "room", { broadcast: { ack: true, self: true } });
      await speaker.becomes("SUBSCRIBED");
      assert.equal(await speaker.channel.send(said(900)), "ok");
      assert.equal(await speaker.channel.send(said(1_600)), "error");
      await assert.rejects(
        world.connect().channel("room").httpSend("said", said(1_600).payload),
        /Payload size exceeds tenant limit/,
      );
      const sql = connect(database.url);
      await sql`select realtime.send(jsonb_build_object('said', repeat('x', 1600)), 'e', 'room', false)`;
      await sql`select realtime.send('{"said": "small"}', 'e', 'room', false)`;
      await sql.end();
      const heard = await speaker.hears(2) as { said: string }[];
      assert.deepEqual(heard.map(({ said }) => said.length), [900, 5]);
      const tooMuch = { said: "x".repeat(1_600) };
      assert.equal(await speaker.channel.track(tooMuch, { timeout: 300 }), "timed out");
      assert.equal(speaker.told[0]?.message, "Track message size exceeded");
    });

    await within("events a second", { eventsPerSecond: 5, windowSeconds: 2 }, async (world) => {
      const hearer = listen(world.connect(), "room");
      const speaker = listen(world.connect(), "room");
      await Promise.all([hearer, speaker].map((one) => one.becomes("SUBSCRIBED")));
      for (let n = 0; n < 20; n++) await speaker.channel.send(said(1));
      await hearer.becomes("CLOSED");
      assert.equal(hearer.told[0]?.message, "Too many messages per second");
      await assert.rejects(
        world.connect().channel("room").httpSend("e", {}),
        /exceeded your rate limit/,
      );
    });

    await within("presence calls of a client", { presenceCalls: 2 }, async (world) => {
      const one = listen(world.connect(), "room");
      await one.becomes("SUBSCRIBED");
      assert.equal(await one.channel.track({ n: 1 }), "ok");
      assert.equal(await one.channel.track({ n: 2 }), "ok");
      one.channel.track({ n: 3 });
      await one.becomes("CLOSED");
      assert.equal(one.told[0]?.message, "Client presence rate limit exceeded");
    });

    await within("silence", { silenceSeconds: 1 }, async (world) => {
      const closed = Promise.withResolvers<number>();
      const socket = new WebSocket(
        `${
          world.realtime.origin.replace("http", "ws")
        }/realtime/v1/websocket?apikey=${world.keys.publishableKey}`,
      );
      socket.onclose = ({ code }) => closed.resolve(code);
      assert.equal(await closed.promise, 1001);
    });

    await within(
      "frames that are not of the protocol end the socket of whoever sent them",
      {},
      async (world) => {
        const neighbour = listen(world.connect(), "room");
        await neighbour.becomes("SUBSCRIBED");
        const address = `${world.realtime.origin.replace("http", "ws")}/realtime/v1/websocket` +
          `?apikey=${world.keys.publishableKey}&vsn=2.0.0`;
        const malformed = Uint8Array.from([3, 0, 0, 255, 0, 0, 1, 65]);
        const noJson = Uint8Array.from([
          3,
          0,
          0,
          13,
          1,
          0,
          1,
          ...new TextEncoder().encode("realtime:roome{"),
        ]);
        for (const frame of ["{", "[]", "[1]", '["1","1",{},"x",{}]', "null", malformed, noJson]) {
          const socket = new WebSocket(address);
          const closed = Promise.withResolvers<number>();
          socket.onopen = () => socket.send(frame);
          socket.onclose = ({ code }) => closed.resolve(code);
          assert.equal(await closed.promise, 1007, String(frame));
        }
        assert.deepEqual(neighbour.heard, []);
        assert.equal(neighbour.channel.state, "joined");
      },
    );
  },
});

/** The status with which a server answers a WebSocket's handshake. */
async function statusOf(address: string, headers: Record<string, string>): Promise<number> {
  const { hostname, port, pathname, search } = new URL(address);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const lines = Object.entries({
    host: `${hostname}:${port}`,
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `GET ${pathname}${search} HTTP/1.1\r\n${lines.join("")}\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const answer = new Uint8Array(64);
  await connection.read(answer);
  return Number(new TextDecoder().decode(answer).split(" ")[1]);
}
