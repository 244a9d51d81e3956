/**
 * A question in the background, answered without the secret key: the agent claims it as itself, and exchanges the claim
 * for the name of whoever asked. Each denial beside an allowed twin.
 */
import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { rateLimitDefaults } from "../_shared/rate-limits.ts";
import { createAgentTokens } from "../../../types/agent-tokens.ts";
import { createGroundworkClient } from "../../../types/client.ts";
import { continueStream } from "../../../types/streams.ts";
import { type Claimed, httpTransport } from "../../../types/worker.ts";
import { addConsent } from "./agent-tokens.ts";
import { ask, connect, createWorld, environment, type Someone } from "./world.ts";

const sql = connect();
const world = await createWorld(sql);
Deno.test.afterAll(() => sql.end());
const { workspace, agent, admin, member } = world;
const other = await world.addAgent();
await sql`
  insert into public.permissions (user_id, agent_id, workspace_id)
  values (${member.id}, ${agent}, ${workspace}), (${member.id}, ${other}, ${workspace})`;

const forAsker = ["conversations:read", "conversations:write", "memory:read"];
const queue = "background_queries";

const publishable = environment.publishableKeys.default ?? "";
const clientOf = (token: () => Promise<string>) =>
  createGroundworkClient(environment.url, publishable, { accessToken: token });

/** An agent's side: its credential, and nothing else. */
async function startAgent(id: string) {
  const made = await ask("POST", `/agents/${id}/credentials`, {
    as: admin,
    body: { name: "main", scopes: [...forAsker, `work:${queue}`] },
  });
  assertEquals(made.status, 201, JSON.stringify(made.body));
  const tokens = createAgentTokens({
    url: environment.url,
    agent: id,
    credential: made.body.secret,
  });
  const token = tokens.asItself([`work:${queue}`]);
  const work = httpTransport({ url: environment.url, token });
  return { tokens, work, claim: () => work.claim(queue, "tests", 10, 60) };
}
const one = await startAgent(agent);
const another = await startAgent(other);

/** A person's turn, as the AI SDK's transport sends it; the answer is asked for in the queue. */
async function askAgent(of: string, person: Someone, words: string): Promise<string> {
  const client = clientOf(() => Promise.resolve(person.token));
  const { data: talk } = await client.from("conversations")
    .insert({ workspace_id: workspace, agent_id: of }).select("id").single().throwOnError();
  const response = await fetch(`${environment.url}/functions/v1/streams/chat`, {
    method: "POST",
    headers: { authorization: `Bearer ${person.token}`, "content-type": "application/json" },
    body: JSON.stringify({
      id: talk.id,
      message: { id: "m1", role: "user", parts: [{ type: "text", text: words }] },
    }),
  });
  assertEquals(response.status, 200);
  await response.body?.cancel();
  return talk.id;
}

const codeOf = (asked: Promise<unknown>) =>
  asked.then(() => "given", (error: { code?: string }) => error.code);

Deno.test("an agent answers by its own credential whoever asks it, and nobody else", async (test) => {
  const talk = await askAgent(agent, member, "How many days of leave do I have?");
  const elsewhere = await askAgent(other, member, "What do I earn?");
  let held: Claimed | undefined;

  await test.step("it claims what it is asked; another agent claims what that one is asked", async () => {
    const [mine, theirs] = [await one.claim(), await another.claim()];
    const talks = (claimed: Claimed[]) =>
      claimed.map(({ work }) => (work as Record<string, unknown>).conversation_id);
    assertDeepEquals([talks(mine), talks(theirs)], [[talk], [elsewhere]]);
    held = mine[0];
  });
  const claimed = held!;

  await test.step("without the person's consent it gets no token for them, with it it does", async () => {
    assertEquals(await codeOf(one.tokens.forQuery(claimed, forAsker)()), "consent_required");
    await addConsent(sql, agent, member.id, forAsker);
    await addConsent(sql, other, member.id, forAsker);
    assertEquals(await codeOf(one.tokens.forQuery(claimed, forAsker)()), "given");
  });

  await test.step("the claim is nothing to another agent, nor a claim that is none", async () => {
    assertEquals(await codeOf(another.tokens.forQuery(claimed)()), "invalid_request");
    const guessed = { id: claimed.id, claim_token: crypto.randomUUID() };
    assertEquals(await codeOf(one.tokens.forQuery(guessed)()), "invalid_request");
    const strange = { id: claimed.id, claim_token: "'; select 1" };
    assertEquals(await codeOf(one.tokens.forQuery(strange)()), "invalid_request");
  });

  await test.step("it reads that talk and no other, answers, and makes an artifact of it", async () => {
    const token = one.tokens.forQuery(claimed, forAsker);
    const client = clientOf(token);
    const { data: talks } = await client.from("conversations").select("id").throwOnError();
    assertDeepEquals(talks, [{ id: talk }]);
    const { data: made } = await client.from("artifacts").insert({
      workspace_id: workspace,
      conversation_id: talk,
      kind: "text",
      title: "Leave",
      content: "24 days",
    }).select("user_id").single().throwOnError();
    assertEquals(made.user_id, member.id);
    const { input } = claimed.work as { input: { stream_id: string; message_id: string } };
    const stream = continueStream({ url: environment.url, token }, input);
    await stream.finish({ message: { parts: [{ type: "text", text: "24 days" }] } });
    const { data: said } = await clientOf(() => Promise.resolve(member.token)).from("messages")
      .select("role").eq("conversation_id", talk).order("created_at").throwOnError();
    assertDeepEquals(said.map(({ role }) => role), ["user", "assistant"]);
  });

  await test.step("when it has said what became of the work, the claim opens nothing more", async () => {
    await one.work.complete(queue, { token: claimed.claim_token, ids: [claimed.id] }, {});
    assertEquals(await codeOf(one.tokens.forQuery(claimed)()), "invalid_request");
  });
});

Deno.test("an agent asks for work more often than it may write, and is not refused", async () => {
  for (let claims = 0; claims <= rateLimitDefaults.write; claims += 5) {
    const answers = await Promise.all(Array.from({ length: 5 }, () => another.claim()));
    assertDeepEquals(answers, [[], [], [], [], []]);
  }
});
