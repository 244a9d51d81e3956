/**
 * A talk with an assistant, from the client's side; docs/assistant.md explains it. To run against a
 * stack that `npm start` has started:
 *
 *   npx deno run -A docs/chat.ts http://127.0.0.1:54321 sb_publishable_…
 *
 * The page shows what it prints; a test runs it and compares.
 */
import { createGroundworkClient, type Row } from "../types/client.ts";
import { startHr } from "./hr.ts";
import { toUIMessages } from "../types/ui-messages.ts";

const [url, key] = Deno.args;
if (!url || !key) throw new Error("usage: chat.ts <API URL> <publishable key>");

const options = { auth: { persistSession: false, autoRefreshToken: false } };
const juan = createGroundworkClient(url, key, options);
await juan.auth.signInWithPassword({ email: "juan@acme.example", password: "groundwork-demo" });
/** The agent's side, which answers: with its own credential, for Juan. */
const { client: agent, stop } = await startHr(url, key, juan, ["conversations:write"]);

/** The answer, or the error thrown. */
async function done<T>(asked: PromiseLike<{ data: T; error: unknown }>): Promise<NonNullable<T>> {
  const { data, error } = await asked;
  if (error) throw error;
  return data!;
}
const text = (said: string) => [{ type: "text", text: said }];
const show = (what: string, path: Row<"messages">[]) =>
  console.log(what, toUIMessages(path).map((message) => message.parts[0]?.text).join(" → "));

// 1. A conversation with an agent that one may use.
const hr = (await done(juan.rpc("my_agents"))).find((one) => one.slug === "hr")!;
const talk = await done(
  juan.from("conversations").insert({ workspace_id: hr.workspace_id, agent_id: hr.id })
    .select().single(),
);

// 2. A turn: one round trip each. The id is the client's, so that sending again is no second message.
const message_id = crypto.randomUUID();
const question = { conversation_id: talk.id, message_id, parts: text("Have I leave left?") };
await done(juan.rpc("add_message", question));
await done(juan.rpc("add_message", question));
const answer = await done(
  agent.rpc("add_message", {
    conversation_id: talk.id,
    role: "assistant",
    parts: text("Five days."),
  }),
);
show("Said:", await done(juan.rpc("conversation_path", { message_id: answer.id })));

// 3. An edit stands beside what it edits; nothing is lost, and either can be shown.
const edit = await done(
  juan.rpc("add_message", {
    conversation_id: talk.id,
    instead_of: message_id,
    parts: text("And in April?"),
  }),
);
show("Edited:", await done(juan.rpc("conversation_path", { message_id: edit.id })));
const leaf = await done(juan.rpc("select_branch", { message_id, conversation_id: talk.id }));
show("Back:", await done(juan.rpc("conversation_path", { message_id: leaf })));

// 4. What one thinks of it.
const { conversation_id, workspace_id } = answer;
await done(
  juan.from("votes").upsert({
    message_id: answer.id,
    conversation_id,
    workspace_id,
    is_upvoted: true,
  }).select(),
);

// 5. Something is made of it, and revised: a version is a row, and the slower of two is told.
const letter = await done(
  juan.from("artifacts").insert({
    workspace_id,
    conversation_id,
    kind: "text",
    title: "Request",
    content: "Dear Ben, five days please.",
  }).select().single(),
);
const revise = (content: string) =>
  juan.rpc("revise_artifact", { artifact_id: letter.id, version: letter.created_at, content });
await done(revise("Dear Ben, three days please."));
console.log("The slower one:", (await revise("Dear Ben, never mind.")).error?.code);
const [latest] = await done(juan.from("latest_artifacts").select().eq("id", letter.id));
console.log("The letter:", latest?.content);

// 6. Colleagues read what is shared, and only that.
const ben = createGroundworkClient(url, key, options);
await ben.auth.signInWithPassword({ email: "ben@acme.example", password: "groundwork-demo" });
const read = async () =>
  (await done(ben.from("messages").select("id").eq("conversation_id", talk.id))).length;
console.log("Ben reads", await read(), "messages");
await done(
  juan.from("conversations").update({ visibility: "workspace" }).eq("id", talk.id).select(),
);
console.log("Ben reads", await read(), "messages");

// 7. Deleted, it is gone at once, for 30 days not for good.
await done(juan.rpc("delete_conversation", { conversation_id: talk.id }));
console.log("Ben reads", await read(), "messages");
await Promise.all([juan, ben].map((client) => client.auth.signOut()));
await stop();
