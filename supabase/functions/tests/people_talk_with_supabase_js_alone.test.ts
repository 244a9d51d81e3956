import { createGroundworkClient, type GroundworkClient, type Row } from "../../../types/client.ts";
import { toUIMessages } from "../../../types/ui-messages.ts";
import { assert, assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { signIn } from "./seed-people.ts";
import { environment } from "./world.ts";

/** What an answer has, or the error that it has instead. */
async function ok<T>(asked: PromiseLike<{ data: T; error: unknown }>): Promise<NonNullable<T>> {
  const { data, error } = await asked;
  assertEquals(error, null, JSON.stringify(error));
  return data as NonNullable<T>;
}

const text = (said: string) => [{ type: "text", text: said }];
const read = (messages: Pick<Row<"messages">, "id" | "role" | "metadata" | "parts">[]) =>
  toUIMessages(messages).map((message) => message.parts[0]?.text).join(" / ");

Deno.test({
  name: "people talk, edit, branch, vote, make and share with supabase-js alone",
  sanitizeResources: false, // supabase-js keeps its connections and a timer
  sanitizeOps: false,
  async fn(test) {
    const juan = await signIn("juan@acme.example");
    const ben = await signIn("ben@acme.example");
    const olga = await signIn("olga@globex.example");
    const service = createGroundworkClient(environment.url, environment.secretKeys.default ?? "", {
      auth: { persistSession: false, autoRefreshToken: false },
    });

    const [hr] = await ok(juan.client.from("agents").select("id, workspace_id").eq("slug", "hr"));
    assert(hr);
    const conversation = await ok(
      juan.client.from("conversations")
        .insert({ workspace_id: hr.workspace_id, agent_id: hr.id, title: "Leave", tags: ["leave"] })
        .select().single(),
    );
    const shown = async (client = juan.client) => {
      const { active_message_id } = await ok(
        client.from("conversations").select("active_message_id").eq("id", conversation.id).single(),
      );
      return await ok(client.rpc("conversation_path", { message_id: active_message_id! }));
    };

    const question = crypto.randomUUID();
    await test.step("a turn: the person's message, and the assistant's by the service", async () => {
      const said = {
        conversation_id: conversation.id,
        message_id: question,
        parts: text("How many days?"),
      };
      const first = await ok(juan.client.rpc("add_message", said));
      assertEquals(first.client_id, question);
      assertEquals((await ok(juan.client.rpc("add_message", said))).id, first.id);
      await ok(service.rpc("add_message", {
        conversation_id: conversation.id,
        role: "assistant",
        parts: text("Twenty."),
        token_count: 2,
      }));
      assertEquals(read(await shown()), "How many days? / Twenty.");
    });

    await test.step("an edit stands beside what it edits, and either branch can be shown", async () => {
      const edited = await ok(juan.client.rpc("add_message", {
        conversation_id: conversation.id,
        instead_of: question,
        parts: text("How many days have I left?"),
      }));
      assertEquals(edited.parent_id, null);
      assertEquals(read(await shown()), "How many days have I left?");
      await ok(juan.client.rpc("select_branch", {
        message_id: question,
        conversation_id: conversation.id,
      }));
      assertEquals(read(await shown()), "How many days? / Twenty.");
      const beside = await ok(
        juan.client.from("messages").select("id").eq("conversation_id", conversation.id).is(
          "parent_id",
          null,
        ),
      );
      assertEquals(beside.length, 2);
    });

    await test.step("a long path is read in pages", async () => {
      const [newest] = await ok(
        juan.client.rpc("conversation_path", {
          message_id: (await shown())[0]!.id,
          page_size: 1,
        }),
      );
      assertEquals(newest?.role, "assistant");
      const rest = await ok(juan.client.rpc("conversation_path", {
        message_id: newest!.id,
        before: newest!.id,
      }));
      assertDeepEquals(rest.map((message) => message.client_id), [question]);
    });

    await test.step("a vote is changed by voting again", async () => {
      const [answer] = await shown();
      const vote = {
        message_id: answer!.id,
        conversation_id: conversation.id,
        workspace_id: hr.workspace_id,
      };
      await ok(juan.client.from("votes").upsert({ ...vote, is_upvoted: true }));
      await ok(
        juan.client.from("votes").upsert({ ...vote, is_upvoted: false, reason: "It is 22" }),
      );
      const votes = await ok(juan.client.from("votes").select().eq("message_id", answer!.id));
      assertDeepEquals(votes.map((one) => [one.is_upvoted, one.reason]), [[false, "It is 22"]]);
      await ok(juan.client.from("feedback_signals").insert({ ...vote, kind: "copied" }));
    });

    await test.step("an artifact is made and revised; suggestions are accepted or go stale", async () => {
      const letter = await ok(
        juan.client.from("artifacts").insert({
          workspace_id: hr.workspace_id,
          conversation_id: conversation.id,
          kind: "text",
          title: "Request",
          content: "Dear Ben, I ask for 5 days.",
        }).select().single(),
      );
      const suggest = (original_text: string, suggested_text: string) =>
        ok(
          service.from("suggestions").insert({
            workspace_id: hr.workspace_id,
            artifact_id: letter.id,
            artifact_created_at: letter.created_at,
            user_id: juan.id,
            original_text,
            suggested_text,
          }).select("id").single(),
        );
      const [greeting, days] = [await suggest("Dear Ben", "Hi Ben"), await suggest("5 days", "6")];
      const accepted = await ok(
        juan.client.rpc("accept_suggestion", { suggestion_id: greeting.id }),
      );
      assertEquals(accepted.content, "Hi Ben, I ask for 5 days.");
      // As a client keeps it: a Date.
      const version = new Date(accepted.created_at).toISOString();
      const revision = { artifact_id: letter.id, version, content: "Hi Ben, may I go?" };
      const revised = await ok(juan.client.rpc("revise_artifact", revision));
      assertEquals(
        (await ok(juan.client.rpc("revise_artifact", revision))).created_at,
        revised.created_at,
      );
      const late = await juan.client.rpc("revise_artifact", { ...revision, content: "No." });
      assertDeepEquals([late.status, late.error?.code], [409, "version_conflict"]);
      const stale = await juan.client.rpc("accept_suggestion", { suggestion_id: days.id });
      assertDeepEquals([stale.status, stale.error?.code], [409, "suggestion_settled"]);
      const latest = await ok(
        juan.client.from("latest_artifacts").select().eq("conversation_id", conversation.id),
      );
      assertDeepEquals(latest.map((one) => one.content), ["Hi Ben, may I go?"]);
      const versions = await ok(juan.client.from("artifacts").select().eq("id", letter.id));
      assertEquals(versions.length, 3);
      const settled = await ok(
        juan.client.from("suggestions").select("status").eq("artifact_id", letter.id).order(
          "status",
        ),
      );
      assertDeepEquals(settled.map((one) => one.status), ["accepted", "stale"]);
    });

    await test.step("artifacts refer to each other, read both ways", async () => {
      const [letter] = await ok(
        juan.client.from("latest_artifacts").select().eq("conversation_id", conversation.id),
      );
      const sheet = await ok(
        juan.client.from("artifacts").insert({
          workspace_id: hr.workspace_id,
          kind: "sheet",
          title: "Days",
        }).select().single(),
      );
      await ok(
        juan.client.from("artifact_links").insert({
          from_id: letter!.id,
          to_id: sheet.id,
          workspace_id: hr.workspace_id,
        }),
      );
      const references = await ok(
        juan.client.from("artifact_references").select().eq("artifact_id", sheet.id),
      );
      assertDeepEquals(references.map((one) => [one.other_id, one.direction]), [[
        letter!.id,
        "from",
      ]]);
    });

    await test.step("folders hold conversations, and move with all below them", async () => {
      const label = `f${crypto.randomUUID().slice(0, 8)}`;
      const make = (path: string) =>
        ok(
          juan.client.from("folders").insert({
            workspace_id: hr.workspace_id,
            name: "Folder",
            path,
          }).select().single(),
        );
      const top = await make(label);
      const below = await make(`${label}.below`);
      await ok(
        juan.client.from("conversations").update({ folder_id: below.id }).eq("id", conversation.id),
      );
      assertEquals(
        await ok(juan.client.rpc("move_folder", { folder_id: top.id, to_path: `${label}x` })),
        2,
      );
      const moved = await ok(
        juan.client.from("folders").select("path").eq("id", below.id).single(),
      );
      assertEquals(moved.path, `${label}x.below`);
      const astray = await juan.client.rpc("move_folder", {
        folder_id: top.id,
        to_path: `${label}x.below.top`,
      });
      assertDeepEquals([astray.status, astray.error?.code], [409, "folder_in_itself"]);
      await ok(juan.client.from("folders").delete().eq("id", top.id));
    });

    await test.step("what is shared is read by colleagues and by nobody else", async () => {
      const seen = async (client: GroundworkClient) => [
        (await ok(client.from("conversations").select("id").eq("id", conversation.id))).length,
        (await ok(client.from("messages").select("id").eq("conversation_id", conversation.id)))
          .length,
        (await ok(
          client.from("latest_artifacts").select("id").eq("conversation_id", conversation.id),
        )).length,
      ];
      assertDeepEquals(await seen(ben.client), [0, 0, 0]);
      await ok(
        juan.client.from("conversations").update({ visibility: "workspace" }).eq(
          "id",
          conversation.id,
        ),
      );
      assertDeepEquals(await seen(ben.client), [1, 3, 1]);
      assertDeepEquals(await seen(olga.client), [0, 0, 0]);
      assertEquals(read(await shown(ben.client)), "How many days? / Twenty.");
      const spoken = await ben.client.rpc("add_message", {
        conversation_id: conversation.id,
        parts: text("Me too"),
      });
      assertDeepEquals([spoken.status, spoken.error?.code], [404, "not_found"]);
      const forged = await juan.client.rpc("add_message", {
        conversation_id: conversation.id,
        role: "assistant",
        parts: text("Fifty."),
      });
      assertDeepEquals([forged.status, forged.error?.code], [403, "forbidden"]);
      const shapeless = await juan.client.rpc("add_message", {
        conversation_id: conversation.id,
        parts: [{ text: "no type" }],
      });
      assertEquals(shapeless.error?.code, "invalid_value");
    });

    await test.step("a deleted conversation is gone at once, until it is restored", async () => {
      await ok(juan.client.rpc("delete_conversation", { conversation_id: conversation.id }));
      for (const { client } of [juan, ben]) {
        const left = await ok(
          client.from("messages").select("id").eq("conversation_id", conversation.id),
        );
        assertEquals(left.length, 0);
      }
      await ok(juan.client.rpc("restore_conversation", { conversation_id: conversation.id }));
      assertEquals(read(await shown()), "How many days? / Twenty.");
    });
  },
});
