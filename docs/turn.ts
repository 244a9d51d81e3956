/**
 * A turn of an assistant, from both sides: a person attaches a file and asks, is remembered, the agent finds what is
 * known, makes the prompt, and answers in a stream whose connection breaks in the middle. docs/assistant.md shows what
 * it prints, and a test compares.
 *
 *   npx deno run -A docs/turn.ts http://127.0.0.1:54321 sb_publishable_…
 */
import { createGroundworkClient } from "../types/client.ts";
import { readStream } from "../types/streams.ts";
import { startHr } from "./hr.ts";

const [url, key] = Deno.args;
if (!url || !key) throw new Error("usage: turn.ts <API URL> <publishable key>");
const options = { auth: { persistSession: false, autoRefreshToken: false } };
const juan = createGroundworkClient(url, key, options);
const { data: signedIn } = await juan.auth.signInWithPassword({
  email: "juan@acme.example",
  password: "groundwork-demo",
});
const session = signedIn.session!;
/** The agent's side: with its own credential, for Juan. */
const { client: agent, admin: ben, stop } = await startHr(url, key, juan, [
  "conversations:read",
  "conversations:write",
  "memory:read",
]);

async function done<T>(asked: PromiseLike<{ data: T; error: unknown }>): Promise<NonNullable<T>> {
  const { data, error } = await asked;
  if (error) throw error;
  return data!;
}
/** Calls a function of the backend. */
async function call(client: typeof juan, path: string, body?: object, method = "POST") {
  // deno-lint-ignore no-explicit-any -- each function answers in its own shape
  return await done<any>(
    client.functions.invoke(path, { method: method as "POST", ...(body ? { body } : {}) }),
  );
}

// 1. A conversation, and a file that whoever reads the conversation may read.
const hr = (await done(juan.rpc("my_agents"))).find((one) => one.slug === "hr")!;
const { workspace_id } = hr;
const talk = await done(
  juan.from("conversations").insert({ workspace_id, agent_id: hr.id }).select().single(),
);
const file = `${workspace_id}/${session.user.id}/${talk.id}/plan-${talk.id}.txt`;
await done(
  juan.storage.from("attachments").upload(file, "Off in May.", { contentType: "text/plain" }),
);
await done(juan.rpc("add_message", {
  conversation_id: talk.id,
  parts: [{ type: "text", text: "How many days of leave do I have in May?" }],
  attachments: [{ bucket: "attachments", path: file }],
}));
console.log(
  "Attached:",
  await (await done(juan.storage.from("attachments").download(file))).text(),
);

// 2. What is known of Juan, said twice and kept once; and what the workspace knows.
const fact = { workspace_id, content: "Juan takes his leave in May.", category: "preference" };
const outcomes = [await call(juan, "memory", fact), await call(juan, "memory", fact)];
console.log("Remembered:", outcomes.map(({ outcome }) => outcome).join(", then "));
await done(ben.rpc("put_document", {
  workspace_id,
  path: `policies.leave_${talk.id.replaceAll("-", "")}`,
  content: "# Leave\n\nEverybody has thirty days of leave a year.\n\n# Travel\n\nBook the train.\n",
}));
const { passages } = await call(juan, "knowledge/search", {
  workspace_id,
  query: "days of leave",
  within: `policies.leave_${talk.id.replaceAll("-", "")}`,
});
console.log("Found:", passages[0].content.split("\n").at(-1));

// 3. The prompt, within a budget: the talk, and what may matter at its end.
const prompt = await call(agent, `context/${talk.id}?budget=2000`, undefined, "GET");
console.log("The prompt ends:", prompt.messages.at(-1).content.split("\n").at(-1));

// 4. The answer, as it is made. The reader's connection breaks after the first piece, and it goes on from there.
const stream = await call(agent, "streams", { conversation_id: talk.id });
const pieces = ["Thirty", " a year,", " so all of May."];
await call(agent, `streams/${stream.stream_id}/chunks`, { from: 0, chunks: pieces.slice(0, 1) });
const heard = await read(1);
await call(agent, `streams/${stream.stream_id}/chunks`, { from: 1, chunks: pieces.slice(1) });
await call(agent, `streams/${stream.stream_id}/finish`, {
  // Which prompt it was: others may have been made for the same message.
  message: {
    parts: [{ type: "text", text: pieces.join("") }],
    metadata: { context_record_id: prompt.record_id },
  },
  chunks: pieces.length,
});
console.log("Heard:", [...heard, ...await read(Infinity, heard.length)].join(""));

// 5. What exactly did the model see, when it said that? Whatever has been said and learned since, the same.
await done(juan.rpc("add_message", {
  conversation_id: talk.id,
  parts: [{ type: "text", text: "Make it two weeks." }],
}));
const seen = await done(juan.rpc("prompt_of", { message_id: stream.message_id })) as typeof prompt;
for (const { role, parts, content } of seen.messages) {
  console.log(`${role}:`, content ?? parts.map((part: { text: string }) => part.text).join(""));
}
console.log(
  "To the letter:",
  JSON.stringify(seen.messages) === JSON.stringify(prompt.messages),
);

// And forgotten, so that the turn can be taken again.
await done(juan.rpc("forget", { memory_id: outcomes[0].id }));
await stop();
await juan.auth.signOut();

/** Reads so many pieces of the stream, or all until its end, from the piece with this number on. */
async function read(most: number, from = 0): Promise<string[]> {
  const found: string[] = [];
  for await (const event of readStream(juan, stream.stream_id, { from })) {
    if (event.type === "chunk") found.push(event.text);
    if (found.length >= most) break;
  }
  return found;
}
