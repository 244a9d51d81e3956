/**
 * The product's own topic, `conversation:<id>`, as it is delivered: by Realtime, to clients of
 * supabase-js. What is decided is tested in
 * supabase/tests/conversations/conversations/who_reads_it_hears_of_it; here it is whether the message
 * arrives, and at whom.
 */
import { createGroundworkClient } from "../../../types/client.ts";
import { assert, assertEquals } from "../_shared/asserts.ts";
import { addConsent, addCredential, asAgent } from "./agent-tokens.ts";
import { type Ear, listen, until } from "./ears.ts";
import { signIn } from "./seed-people.ts";
import { connect, environment, mintToken } from "./world.ts";

Deno.test({
  name: "who may read a conversation hears of it, and nobody else",
  sanitizeResources: false, // supabase-js keeps its connections and timers
  sanitizeOps: false,
  async fn(test) {
    const sql = connect();
    const [juan, ben, gwen, olga] = await Promise.all(
      ["juan@acme.example", "ben@acme.example", "gwen@partner.example", "olga@globex.example"]
        .map(signIn),
    );
    assert(juan && ben && gwen && olga);
    const { data: [agent] = [] } = await juan.client.from("agents").select("id, workspace_id").eq(
      "slug",
      "hr",
    ) as {
      data: { id: string; workspace_id: string }[];
    };
    assert(agent);
    const made = await juan.client.from("conversations")
      .insert({ workspace_id: agent.workspace_id, agent_id: agent.id, title: "Leave" })
      .select().single();
    const conversation = made.data?.id ?? "";
    const topic = `conversation:${conversation}`;
    const say = async (text: string) => {
      const { data, error } = await juan.client.rpc("add_message", {
        conversation_id: conversation,
        message_id: crypto.randomUUID(),
        parts: [{ type: "text", text }],
      });
      assertEquals(error, null);
      return data!.id;
    };
    const setVisibility = async (visibility: "private" | "workspace") => {
      const { error } = await juan.client.from("conversations")
        .update({ visibility }).eq("id", conversation);
      assertEquals(error, null);
    };
    const ears: Ear[] = [];
    try {
      await test.step("a private one: its owner hears ids; others do not join", async () => {
        const owner = await listen(juan.client, topic);
        ears.push(owner);
        assertEquals(owner.states[0], "SUBSCRIBED");
        for (const { client } of [ben, gwen, olga]) {
          const refused = await listen(client, topic);
          assertEquals(refused.states[0], "CHANNEL_ERROR");
          assert(/Unauthorized: You do not have permissions to read/.test(refused.errors[0] ?? ""));
          await client.removeAllChannels();
        }
        const id = await say("How many days?");
        await until("the owner hears", () => owner.heard.length === 1);
        assertEquals(owner.heard[0]?.event, "message_added");
        assertEquals(owner.heard[0]?.payload.id, id);
        assertEquals(
          JSON.stringify(owner.heard[0]).includes("How many"),
          false,
          "a broadcast carries ids, not what was said",
        );
      });

      await test.step("whoever has no account, or a token of nobody's, hears nothing", async () => {
        const stranger = crypto.randomUUID();
        const token = await mintToken(stranger);
        const refused = await listen(olga.client, topic, token);
        assertEquals(refused.states[0], "CHANNEL_ERROR");
        await olga.client.removeAllChannels();
      });

      await test.step("nor does an agent for its owner, which may read it: it reads streams", async () => {
        const scopes = ["conversations:read"];
        await addConsent(sql, agent.id, juan.id, scopes);
        const { token } = await asAgent(
          agent.id,
          await addCredential(sql, agent.id, scopes),
          scopes,
          juan.id,
        );
        const { data } = await createGroundworkClient(
          environment.url,
          environment.publishableKeys.default ?? "",
          { accessToken: () => Promise.resolve(token) },
        ).from("conversations").select("id").eq("id", conversation);
        assertEquals(data?.length, 1);
        const refused = await listen(olga.client, topic, token);
        assertEquals(refused.states[0], "CHANNEL_ERROR");
        await olga.client.removeAllChannels();
      });

      await test.step("one that is shared: members hear, the other tenant does not", async () => {
        await setVisibility("workspace");
        const colleague = await listen(ben.client, topic);
        ears.push(colleague);
        assertEquals(colleague.states[0], "SUBSCRIBED");
        const refused = await listen(olga.client, topic);
        assertEquals(refused.states[0], "CHANNEL_ERROR");
        await olga.client.removeAllChannels();
        const id = await say("And in April?");
        await until(
          "the colleague hears",
          () => colleague.heard.some((one) => one.payload.id === id),
        );
      });

      await test.step("people cannot speak there, whatever they may read", async () => {
        const [owner, colleague] = ears;
        await owner?.channel.send({
          type: "broadcast",
          event: "message_added",
          payload: { id: "forged" },
        });
        const id = await say("After the forged one");
        await until(
          "the next",
          () => colleague?.heard.some((one) => one.payload.id === id) === true,
        );
        assertEquals(colleague?.heard.some((one) => one.payload.id === "forged"), false);
        const http = ben.client.channel(`${topic}`, { config: { private: true } });
        const refusal = await http.httpSend("message_added", { id: "forged" }).catch((error) =>
          error
        );
        assertEquals(refusal.message, "Unauthorized");
      });

      await test.step("who may no longer read is told with the next token, and hears nothing more", async () => {
        await setVisibility("private");
        const colleague = ears[1]!;
        ben.client.realtime.accessToken = null;
        await ben.client.realtime.setAuth(await mintToken(ben.id));
        await until("closed", () => colleague.states.includes("CLOSED"));
        assertEquals(
          colleague.told[0],
          `You do not have permissions to read from this Channel topic: ${topic}`,
        );
        const count = colleague.heard.length;
        const id = await say("Between us");
        await until("the owner hears", () => ears[0]!.heard.some((one) => one.payload.id === id));
        assertEquals(colleague.heard.length, count);
      });

      await test.step("cut off and back: what was missed is read along the path", async () => {
        const owner = ears[0]!;
        const last = String(owner.heard.at(-1)?.payload.id);
        await juan.client.realtime.disconnect();
        const missed = [await say("Missed one"), await say("Missed two")];
        await juan.client.removeAllChannels();
        const back = await listen(juan.client, topic);
        assertEquals(back.states[0], "SUBSCRIBED");
        // First joined, then read: what comes in between is heard, and an id is shown once.
        const { data } = await juan.client.from("conversations")
          .select("active_message_id").eq("id", conversation).single();
        const path = await juan.client.rpc("conversation_path", {
          message_id: data!.active_message_id!,
        });
        const ids = path.data!.map(({ id }) => id);
        assertEquals(ids.slice(0, ids.indexOf(last)).join(), missed.toReversed().join());
        const next = await say("Heard again");
        await until("the next", () => back.heard.some((one) => one.payload.id === next));
      });
    } finally {
      for (const { client } of [juan, ben, gwen, olga]) {
        await client.removeAllChannels();
        await client.realtime.disconnect();
      }
      await sql.end();
    }
  },
});
