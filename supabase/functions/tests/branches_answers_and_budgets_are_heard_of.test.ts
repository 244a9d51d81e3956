/**
 * What else the product tells, as Realtime delivers it to clients of supabase-js: a branch that is
 * selected, a conversation that is changed or deleted, a question in the background, a budget that is
 * used up. Each beside people who must not hear it and hear something else meanwhile.
 */
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { type Ear, listen, until } from "./ears.ts";
import { signIn } from "./seed-people.ts";
import { environment } from "./world.ts";
import { createGroundworkClient } from "../../../types/client.ts";

const service = createGroundworkClient(environment.url, environment.secretKeys.default ?? "", {
  auth: { persistSession: false, autoRefreshToken: false },
});

/** What an answer of supabase-js carries; an error is the test's. */
async function ok<Data>(asked: PromiseLike<{ data: Data; error: unknown }>) {
  const { data, error } = await asked;
  assertEquals(error, null);
  return data as NonNullable<Data>;
}

const eventsOf = ({ heard }: Ear) => heard.map(({ event }) => event);
const payloadsOf = ({ heard }: Ear, event: string) =>
  heard.filter((one) => one.event === event).map(({ payload: { id: _, ...payload } }) => payload);

Deno.test({
  name: "branches, changes, questions in the background and budgets are heard of by who may know",
  sanitizeResources: false, // supabase-js keeps its connections and timers
  sanitizeOps: false,
  async fn(test) {
    const [juan, ben, gwen, olga] = await Promise.all(
      ["juan@acme.example", "ben@acme.example", "gwen@partner.example", "olga@globex.example"]
        .map(signIn),
    );
    assert(juan && ben && gwen && olga);
    const [agent] = await ok(
      juan.client.from("agents").select("id, workspace_id").eq("slug", "hr"),
    );
    const [foreign] = await ok(olga.client.from("agents").select("id, workspace_id").limit(1));
    assert(agent && foreign);
    const talk = await ok(
      juan.client.from("conversations")
        .insert({ workspace_id: agent.workspace_id, agent_id: agent.id, title: "Leave" })
        .select("id").single(),
    );
    const otherTalk = await ok(
      olga.client.from("conversations")
        .insert({ workspace_id: foreign.workspace_id, agent_id: foreign.id, title: "Elsewhere" })
        .select("id").single(),
    );
    const topic = `conversation:${talk.id}`;
    const say = async (parent_id?: string) =>
      (await ok(juan.client.rpc("add_message", {
        conversation_id: talk.id,
        message_id: crypto.randomUUID(),
        parts: [{ type: "text", text: "secret" }],
        ...(parent_id ? { parent_id } : {}),
      }))).id!;
    const rename = (to: string) =>
      ok(juan.client.from("conversations").update({ title: to }).eq("id", talk.id).select("id"));
    const budgets: string[] = [];

    try {
      const owner = await listen(juan.client, topic);
      const elsewhere = await listen(olga.client, `conversation:${otherTalk.id}`);
      assertDeepEquals([owner.states[0], elsewhere.states[0]], ["SUBSCRIBED", "SUBSCRIBED"]);
      for (const { client } of [ben, gwen]) {
        assertEquals((await listen(client, topic)).states[0], "CHANNEL_ERROR");
        await client.removeAllChannels();
      }
      assertEquals((await listen(olga.client, topic)).states[0], "CHANNEL_ERROR");

      await test.step("a branch that is selected", async () => {
        const first = await say();
        const [left] = [await say(first), await say(first)];
        await ok(juan.client.rpc("select_branch", { message_id: left }));
        await until("it is heard", () => eventsOf(owner).includes("branch_selected"));
        assertDeepEquals(payloadsOf(owner, "branch_selected"), [{ active_message_id: left }]);
      });

      await test.step("a change, by those who may read it since the change before", async () => {
        await ok(
          juan.client.from("conversations").update({ visibility: "workspace" }).eq("id", talk.id)
            .select("id"),
        );
        await until("it is heard", () => eventsOf(owner).includes("conversation_changed"));
        const colleague = await listen(ben.client, topic);
        assertEquals(colleague.states[0], "SUBSCRIBED");
        await rename("Leave in April");
        await until("both hear", () => eventsOf(colleague).includes("conversation_changed"));
        assertDeepEquals(payloadsOf(colleague, "conversation_changed"), [{ is_deleted: false }]);
        await until("the owner too", () => payloadsOf(owner, "conversation_changed").length === 2);
        assertEquals(JSON.stringify([owner.heard, colleague.heard]).includes("April"), false);

        const question = { conversation_id: talk.id, type: "search", input: {} };
        const id = await ok(juan.client.rpc("ask_in_background", question));
        await until(
          "the question is heard of",
          () => eventsOf(colleague).includes("background_query"),
        );
        assertDeepEquals(
          colleague.heard.filter(({ event }) => event === "background_query")
            .map(({ payload }) => payload.id),
          [id],
        );
        const read = ({ client }: typeof ben) =>
          ok(client.from("background_queries").select("id").eq("id", id));
        assertDeepEquals([await read(juan), await read(ben)], [[{ id }], []], "its asker reads it");

        await ok(juan.client.rpc("delete_conversation", { conversation_id: talk.id }));
        await until(
          "the end is heard",
          () =>
            payloadsOf(owner, "conversation_changed").some(({ is_deleted }) => is_deleted === true),
        );
      });

      await test.step("a budget that is used up, by the workspace's admins alone", async () => {
        const spending = `workspace:${agent.workspace_id}`;
        const admin = await listen(ben.client, spending);
        assertEquals(admin.states[0], "SUBSCRIBED");
        for (const { client } of [juan, gwen, olga]) {
          assertEquals((await listen(client, spending)).states[0], "CHANNEL_ERROR");
        }
        const budget = await ok(
          ben.client.from("budgets").insert({
            workspace_id: agent.workspace_id,
            agent_id: agent.id,
            period: "day",
            amount: 10,
            is_hard: false,
          }).select("id").single(),
        );
        budgets.push(budget.id);
        for (let request = 0; request < 3; request++) {
          await ok(service.rpc("reserve_usage", {
            workspace_id: agent.workspace_id,
            request_id: crypto.randomUUID(),
            agent_id: agent.id,
            tokens: 8,
          }));
        }
        await until("it is heard", () => eventsOf(admin).includes("budget_exceeded"));
        assertDeepEquals(admin.heard.map(({ event, payload }) => [event, payload.id]), [
          ["budget_exceeded", budget.id],
        ]);
      });

      await test.step("who must not hear any of it heard only what was theirs", async () => {
        await ok(
          olga.client.from("conversations").update({ title: "Ours" }).eq("id", otherTalk.id)
            .select("id"),
        );
        await until("theirs is heard", () => elsewhere.heard.length > 0);
        assertDeepEquals(elsewhere.heard.map(({ event, payload }) => [event, payload.id]), [
          ["conversation_changed", otherTalk.id],
        ]);
      });
    } finally {
      for (const id of budgets) await ben.client.from("budgets").delete().eq("id", id);
      for (const { client } of [juan, ben, gwen, olga]) {
        await client.removeAllChannels();
        await client.realtime.disconnect();
      }
    }
  },
});
