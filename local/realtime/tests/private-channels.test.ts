import assert from "node:assert/strict";
import { connect } from "../../database/connect.ts";
import { startBareDatabase, until } from "../../fixture.ts";
import { listen, startWorld } from "./listeners.ts";

/** Who reads and who sends on `room:<n>`, for broadcasts and presence apart. */
const policies = `
  create table public.rights (person text, verb text, extension text, primary key (person, verb, extension));
  grant select on public.rights to authenticated;
  create policy "Readers read" on realtime.messages for select to authenticated using (
    realtime.topic() = 'room' and exists (select from public.rights where person = (select auth.jwt() ->> 'sub')
      and verb = 'read' and rights.extension = messages.extension));
  create policy "Senders send" on realtime.messages for insert to authenticated with check (
    realtime.topic() = 'room' and exists (select from public.rights where person = (select auth.jwt() ->> 'sub')
      and verb = 'send' and rights.extension = messages.extension));
`;

Deno.test({
  name: "a private channel is for whom the policies on realtime.messages let in",
  sanitizeResources: false, // the library keeps timers
  sanitizeOps: false,
  async fn(test) {
    await using database = await startBareDatabase();
    await using world = await startWorld({ adminUrl: database.adminUrl });
    const sql = connect(database.url);
    await sql.unsafe(policies).simple();
    const allow = async (person: string, verb: string, extension = "broadcast") =>
      void await sql`insert into public.rights values (${person}, ${verb}, ${extension})`;
    const revoke = (person: string) => sql`delete from public.rights where person = ${person}`;
    /** A client of a person, and the way to give it a new token. */
    async function person(sub: string, claims = {}) {
      const client = world.connect({ token: await world.mint(sub, claims) });
      await client.setAuth();
      return client;
    }
    const isPrivate = { private: true };

    await test.step("who may read joins; a stranger, a guest and another topic are refused", async () => {
      await allow("reader", "read");
      const reader = listen(await person("reader"), "room", isPrivate);
      await reader.becomes("SUBSCRIBED");
      for (
        const [client, topic] of [
          [await person("stranger"), "room"],
          [world.connect(), "room"],
          [await person("reader"), "another"],
        ] as const
      ) {
        const refused = listen(client, topic, isPrivate);
        await refused.becomes("CHANNEL_ERROR");
        assert.match(
          refused.errors[0] ?? "",
          new RegExp(`Unauthorized: You do not have permissions to read .*: ${topic}$`),
        );
        await client.removeAllChannels();
      }
    });

    await test.step("who may send is heard, who may only read is not; the database and the service are", async () => {
      await allow("sender", "read");
      await allow("sender", "send");
      const reader = listen(await person("reader"), "room", isPrivate);
      const sender = listen(await person("sender"), "room", {
        ...isPrivate,
        broadcast: { ack: true },
      });
      const outside = listen(world.connect(), "room");
      await Promise.all([reader, sender, outside].map((one) => one.becomes("SUBSCRIBED")));
      const say = (said: string) =>
        ({ type: "broadcast", event: "said", payload: { said } }) as const;
      await reader.channel.send(say("by a reader"));
      assert.equal(await sender.channel.send(say("by a sender")), "ok");
      await sql`select realtime.send('{"said": "by the database", "id": 1}', 'said', 'room')`;
      assert.deepEqual(await reader.hears(2), [
        { said: "by a sender" },
        { said: "by the database", id: 1 },
      ]);
      const http = (await person("reader")).channel("room", { config: isPrivate });
      await assert.rejects(http.httpSend("said", { said: "by a reader" }), /Unauthorized/);
      const service = world.connect({ apikey: world.keys.secretKey });
      await service.channel("room", { config: isPrivate }).httpSend("said", {
        said: "by the service",
      });
      assert.deepEqual((await reader.hears(3))[2], { said: "by the service" });
      assert.deepEqual(outside.heard, [], "a public topic of the same name is another topic");
      assert.deepEqual(sender.heard.map(({ payload }) => (payload as { said: string }).said), [
        "by the database",
        "by the service",
      ]);
    });

    await test.step("presence has rights of its own", async () => {
      for (const sub of ["seen", "watcher"]) await allow(sub, "read", "presence");
      await allow("seen", "send", "presence");
      const presence = { enabled: true, key: "me" };
      const seen = listen(await person("seen"), "room", { ...isPrivate, presence });
      const watcher = listen(await person("watcher"), "room", { ...isPrivate, presence });
      const reader = listen(await person("reader"), "room", { ...isPrivate, presence });
      await Promise.all([seen, watcher, reader].map((one) => one.becomes("SUBSCRIBED")));
      assert.equal(await seen.channel.track({ name: "Ann" }), "ok");
      assert.equal(await watcher.channel.track({ name: "hidden" }), "error");
      await until("Ann is seen", () => "me" in watcher.channel.presenceState());
      assert.deepEqual(reader.channel.presenceState(), {});
      await sql`select realtime.send('{}', 'x', 'room')`;
      await reader.hears(1);
      assert.deepEqual(watcher.heard, [], "who reads presence only hears no broadcast");
    });

    await test.step("a new token is asked again: who lost the right is told and closed", async () => {
      const client = await person("reader");
      const reader = listen(client, "room", isPrivate);
      await reader.becomes("SUBSCRIBED");
      await client.setAuth(await world.mint("reader", { fresh: 1 }));
      await sql`select realtime.send('{}', 'x', 'room')`;
      await reader.hears(1);
      await revoke("reader");
      client.accessToken = null;
      await client.setAuth(await world.mint("reader", { fresh: 2 }));
      await reader.becomes("CLOSED");
      assert.deepEqual(
        reader.told.map(({ extension, status, message }) => [extension, status, message]),
        [
          ["system", "error", "You do not have permissions to read from this Channel topic: room"],
        ],
      );
      await sql`select realtime.send('{}', 'x', 'room')`;
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(reader.heard.length, 1);
    });

    await test.step("who lost one of two rights is told so", async () => {
      const client = await person("seen");
      await allow("seen", "read");
      const seen = listen(client, "room", { ...isPrivate, presence: { enabled: true } });
      await seen.becomes("SUBSCRIBED");
      await sql`delete from public.rights where person = 'seen' and verb = 'read' and extension = 'broadcast'`;
      client.accessToken = null;
      await client.setAuth(await world.mint("seen", { fresh: 1 }));
      await seen.becomes("CLOSED");
      assert.equal(
        seen.told[0]?.message,
        "You no longer have permission to read from this Channel topic: room",
      );
    });

    await test.step("the end of a token ends the channel", async () => {
      await allow("leaver", "read");
      const exp = Math.floor(Date.now() / 1000) + 2;
      const leaver = listen(await person("leaver", { exp }), "room", isPrivate);
      await leaver.becomes("SUBSCRIBED");
      await leaver.becomes("CLOSED");
      assert.match(leaver.told[0]?.message ?? "", /^Token has expired \d seconds ago$/);
    });

    await test.step("forged and foreign tokens, and roles that nobody may take on, are refused", async () => {
      const forged = (await world.mint("reader")).slice(0, -4) + "AAAA";
      for (
        const [token, error] of [
          [forged, /JwtSignatureError/],
          ["not.a.token", /MalformedJWT/],
          [await world.mint("x", { role: "supabase_admin" }), /Unauthorized/],
          [await world.mint("x", { role: "postgres" }), /Unauthorized/],
          [await world.mint("x", { role: "authenticator" }), /Unauthorized/],
        ] as const
      ) {
        const client = world.connect({ token });
        await client.setAuth();
        const refused = listen(client, "room", isPrivate);
        await refused.becomes("CHANNEL_ERROR");
        assert.match(refused.errors[0] ?? "", error);
        await client.removeAllChannels();
      }
    });

    await test.step("a policy that raises lets nobody in, and the server goes on", async () => {
      await sql.unsafe(`create policy "Raises" on realtime.messages for select to authenticated
        using (realtime.topic() <> 'raises' or 1 / (length(topic) - length(realtime.topic())) = 1)`);
      const refused = listen(await person("leaver"), "raises", isPrivate);
      await refused.becomes("CHANNEL_ERROR");
      await listen(await person("leaver"), "room", isPrivate).becomes("SUBSCRIBED");
    });

    await test.step("where public channels are switched off, only private ones are joined", async () => {
      await using closed = await startWorld({ adminUrl: database.adminUrl, isPrivateOnly: true });
      const client = closed.connect({ token: await closed.mint("leaver") });
      await client.setAuth();
      const refused = listen(client, "anything");
      await refused.becomes("CHANNEL_ERROR");
      assert.match(refused.errors[0] ?? "", /^"?PrivateOnly: /);
      await listen(client, "room", isPrivate).becomes("SUBSCRIBED");
    });

    await test.step("what was said meanwhile is replayed to whoever asks, once and with its id", async () => {
      const since = Date.now() - 1;
      for (const n of [1, 2, 3]) {
        await sql`select realtime.send(${sql.json({ n })}, 'kept', 'room')`;
      }
      const late = listen(await person("leaver"), "room", {
        ...isPrivate,
        broadcast: { replay: { since, limit: 2 } },
      });
      const heard = await late.hears(2) as { n: number; id: string }[];
      assert.deepEqual(heard.map(({ n }) => n), [2, 3]);
      assert.deepEqual(late.heard.map(({ meta }) => meta?.replayed), [true, true]);
      await sql`select realtime.send('{"n": 4}', 'kept', 'room')`;
      assert.equal((await late.hears(3) as { n: number }[])[2]?.n, 4);
    });
    await sql.end();
  },
});
