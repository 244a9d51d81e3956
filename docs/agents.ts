/**
 * An agent that answers a person with nothing but its own credential: it is asked for consent, recalls, searches,
 * answers, and is cut off. docs/agents.md shows what it prints, and a test compares.
 *
 *   npx deno run -A docs/agents.ts http://127.0.0.1:54321 sb_publishable_…
 */
import { AgentTokenError, createAgentTokens } from "../types/agent-tokens.ts";
import { createGroundworkClient, type GroundworkClient } from "../types/client.ts";

const [url, key] = Deno.args;
if (!url || !key) throw new Error("usage: agents.ts <API URL> <publishable key>");

async function done<T>(asked: PromiseLike<{ data: T; error: unknown }>): Promise<NonNullable<T>> {
  const { data, error } = await asked;
  if (error) throw error;
  return data!;
}
async function signIn(email: string) {
  const client = createGroundworkClient(url!, key!, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const { data, error } = await client.auth.signInWithPassword({
    email,
    password: "groundwork-demo",
  });
  if (error) throw error;
  return { client, token: data.session.access_token, id: data.session.user.id };
}
const [ben, juan] = [await signIn("ben@acme.example"), await signIn("juan@acme.example")];
const hr = (await done(juan.client.rpc("my_agents"))).find((one) => one.slug === "hr")!;
const { workspace_id } = hr;
await juan.client.from("agent_consents").delete().eq("agent_id", hr.id).eq("user_id", juan.id);
// `npm start` consents for everybody to its example's agent. Here each person is asked.
const forEverybody = await done(
  ben.client.from("agent_consents").delete().eq("agent_id", hr.id).is("user_id", null)
    .select("workspace_id, agent_id, user_id, scopes"),
);

// 1. An admin makes the agent's credential. Its secret is answered this once, and goes to where the agent runs.
const scopes = [
  "conversations:read",
  "conversations:write",
  "memory:read",
  "memory:write",
  "knowledge:read",
];
// deno-lint-ignore no-explicit-any -- functions answer in shapes of their own
const credential = await done<any>(
  ben.client.functions.invoke(`agents/${hr.id}/credentials`, { body: { name: "walk", scopes } }),
);
console.log("Ben made a credential:", credential.secret.slice(0, 4) + "…");

// 2. The agent's side, with Juan's token and its own credential: it may not yet.
const tokens = createAgentTokens({ url, agent: hr.id, credential: credential.secret });
const forJuan = tokens.forPerson(juan.token, scopes);
const missing = await forJuan().then(() => [], (error: AgentTokenError) => error.scopes);
const words = new Map((await done(juan.client.rpc("scopes"))).map((one) => [one.name, one]));
console.log(
  "It asks Juan:",
  words.get(missing[0] ?? "")?.description,
  `(and ${missing.length - 1} more)`,
);

// 3. Juan allows it, once.
await done(
  juan.client.from("agent_consents")
    .upsert({ workspace_id, agent_id: hr.id, user_id: juan.id, scopes }, {
      onConflict: "agent_id,user_id",
    })
    .select(),
);
const agent: GroundworkClient = createGroundworkClient(url, key, { accessToken: forJuan });

// 4. A turn: what Juan said to it, what it remembers of him, what is known; and its answer.
const talk = await done(
  juan.client.from("conversations").insert({ workspace_id, agent_id: hr.id }).select().single(),
);
await done(ben.client.rpc("put_document", {
  workspace_id,
  path: "handbook.leave",
  content: "# Leave\n\nEverybody has 24 days of leave.",
}));
await done(juan.client.rpc("add_message", {
  conversation_id: talk.id,
  parts: [{ type: "text", text: "How many days of leave do I have?" }],
}));
const heard = await done(agent.from("messages").select("role").eq("conversation_id", talk.id));
const kept = await done(
  agent.rpc("remember", {
    workspace_id,
    content: "Juan asks about his leave.",
    category: "personal",
  }),
);
const memories = await done(agent.rpc("recall", { workspace_id, query: "leave" }));
const passages = await done(agent.rpc("search_documents", { workspace_id, query: "leave" }));
const answer = await done(agent.rpc("add_message", {
  conversation_id: talk.id,
  role: "assistant",
  parts: [{ type: "text", text: "24 days, of which you took none." }],
}));
console.log(
  `It heard ${heard.length} message, remembers ${memories.length > 0 ? "something" : "nothing"},`,
  `found ${passages.length > 0 ? "passages" : "nothing"}, and answered as the ${answer.role}`,
);

// What it remembered it may forget. Otherwise the next walk would be told that it only repeats what it recalled.
await done(agent.rpc("forget", { memory_id: kept[0]!.id }));

// 5. It is neither Juan nor anybody else.
const people = await done(agent.from("members").select("user_id"));
const settings = await agent.rpc("create_workspace", { name: "Its own", slug: "its-own" });
console.log(
  `It sees ${people.length} people; a workspace of its own:`,
  settings.error ? "refused" : "made",
);

// 6. Ben ends the credential: the token is still valid, and opens nothing.
await done(
  ben.client.functions.invoke(`agents/${hr.id}/credentials/${credential.id}`, { method: "DELETE" }),
);
const after = await done(agent.from("messages").select("role").eq("conversation_id", talk.id));
console.log("Cut off, it reads", after.length, "messages");
if (forEverybody.length > 0) {
  await done(ben.client.from("agent_consents").insert(forEverybody).select("agent_id"));
}
